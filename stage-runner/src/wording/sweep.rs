//! Why a track of a sweep ends.

use crawl::ErrorKind;

use crate::results::sweep::{End, Track, Why};
use crate::results::{Fault, Sweep, Who};
use crate::words;

impl End {
    /// Why it ends there, in words.
    pub fn reason(&self) -> String {
        let in_flight = words::count(self.in_flight as u64);
        match &self.why {
            Why::OneByOne(time) => {
                let time = words::roughly(*time);
                format!("one page after the other: {in_flight} would take {time}")
            }
            Why::TooFewWorkers(Who { kind, count }) => {
                let workers = words::plural(*count, kind.noun());
                format!("the system gave it {workers} of {in_flight}")
            }
            Why::SmallPool(most) => {
                let processes = words::plural(*most, "process");
                format!("its pool started {processes} and no more")
            }
            Why::SiteTooSmall { has, needed } => format!(
                "a process has {} descriptors here, too few for a site with {in_flight} \
                 connections: ulimit -n {needed}, as root, allows them",
                words::count(*has as u64)
            ),
            Why::Fault(fault, last_words) => {
                let joint = if matches!(fault, Fault::WrongLine { .. }) { "its " } else { "" };
                let last_words = last_words.as_ref().map(|line| format!(" ({line})"));
                words::escaped(&format!("{joint}{fault}{}", last_words.unwrap_or_default()))
            }
            Why::Pages(ErrorKind::Io, message) => words::escaped(message),
            Why::Pages(kind, message) => words::escaped(&format!("{kind}: {message}")),
            Why::NotHere(why) => why.clone(),
        }
    }
}

impl Sweep {
    /// Tracks that end at the same step and in the same words, together.
    pub fn common_ends(&self) -> Vec<(Vec<&Track>, &End)> {
        let mut ends: Vec<(Vec<&Track>, &End)> = Vec::new();
        for track in &self.tracks {
            let Some(end) = &track.end else { continue };
            let is_same =
                |other: &End| other.in_flight == end.in_flight && other.reason() == end.reason();
            match ends.iter_mut().find(|(_, other)| is_same(other)) {
                Some((tracks, _)) => tracks.push(track),
                None => ends.push((vec![track], end)),
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::results::WorkerKind;

    #[test]
    fn an_end_says_why() {
        let gone = Fault::Interrupted;
        for (why, reason) in [
            (
                Why::OneByOne(Duration::from_secs(20)),
                "one page after the other: 1,000 would take 20 s",
            ),
            (
                Why::TooFewWorkers(Who { kind: WorkerKind::Thread, count: 900 }),
                "the system gave it 900 threads of 1,000",
            ),
            (
                Why::SiteTooSmall { has: 1024, needed: 1064 },
                "a process has 1,024 descriptors here, too few for a site with 1,000 connections: \
                 ulimit -n 1064, as root, allows them",
            ),
            (Why::Fault(gone, Some("oh\u{7} no".to_owned())), r"interrupted (oh\u{7} no)"),
            (Why::Pages(ErrorKind::Io, "no socket".to_owned()), "no socket"),
            (Why::Pages(ErrorKind::Timeout, "late".to_owned()), "timeout: late"),
        ] {
            assert_eq!(End { in_flight: 1000, pages: 0, why }.reason(), reason);
        }
    }
}
