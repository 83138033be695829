//! The same work for every entrant.

use crawl::protocol::{ErrorLine, Job, OutcomeLine, VERSION};
use crawl::{ErrorKind, Limits, Phase, Worker};

use super::Originals;
use super::conversation::Conversation;
use crate::lineup::urls::Wanted;
use crate::lineup::{Entrant, Language};
use crate::results::{Ending, Fault, Run, Status};
use crate::system::signals;

/// Called for each outcome as it arrives, with its index into the URLs, and with `None` now and
/// then: whether to go on.
pub type Heard<'a> = &'a mut dyn FnMut(Option<&OutcomeLine>) -> bool;

/// The same work for every entrant.
pub struct Work<'a> {
    /// What to fetch.
    pub wanted: &'a [Wanted],
    /// The limits of each crawl.
    pub limits: Limits,
    /// Whether to hash the bodies.
    pub digest: bool,
    /// What runs the stages in Python, where any of the entrants is one.
    pub originals: Option<&'a Originals>,
    /// Whether to record what each worker does.
    pub activity: bool,
    /// Where each line goes that a program prints to stderr, with its name in front; else only the
    /// end of a failed program's is kept.
    pub stderr_to: Option<fn(&str)>,
}

impl Work<'_> {
    /// Runs an entrant once. Every target gets an outcome, also when nobody is left to tell what
    /// became of it; only an interrupted run has gaps.
    pub fn run(&self, index: usize, entrant: &Entrant, round: u32, heard: Heard<'_>) -> Run {
        let mut run = self.run_as_told(index, entrant, round, heard);
        if run.status == Status::Skipped {
            return run;
        }
        let was_started = !matches!(run.fault, Some(Fault::NotStarted { .. }));
        if !(was_started && signals::asked()) {
            let fault = run.fault.as_ref().map(Fault::to_string);
            give_up(&mut run, &fault.unwrap_or_else(|| "the program ended".to_owned()), heard);
        }
        if run.fault.is_some() || run.failed() > 0 {
            run.status = Status::Failed;
        }
        run
    }

    /// Runs an entrant once. A target that it told nothing of has no outcome.
    pub fn run_as_told(
        &self,
        index: usize,
        entrant: &Entrant,
        round: u32,
        heard: Heard<'_>,
    ) -> Run {
        let mut run = Run::new(index, round, self.wanted.len());
        for (url, wanted) in self.wanted.iter().enumerate() {
            if let Err(reason) = &wanted.target {
                let outcome = not_fetched(url, ErrorKind::Resolve, reason);
                heard(Some(run.outcomes[url].insert(outcome)));
            }
        }
        let urls: Vec<usize> =
            (0..self.wanted.len()).filter(|&url| self.wanted[url].target.is_ok()).collect();

        let mut conversation = match Conversation::start(self, entrant, urls.len()) {
            Ok(conversation) => conversation,
            Err(fault) => {
                run.fault = Some(fault);
                return run;
            }
        };
        let end = conversation.listen(&mut |outcome| match outcome {
            None => heard(None),
            Some(outcome) => {
                let url = urls[outcome.target];
                let outcome = OutcomeLine { target: url, ..outcome.clone() };
                heard(Some(run.outcomes[url].insert(outcome)))
            }
        });
        let _ = conversation.settle(end, &mut run);
        if let Some(why) = lacks(entrant, &run) {
            return Run::skipped(index, round, why);
        }
        for step in run.activity.iter_mut().flat_map(|activity| &mut activity.steps) {
            step.target = step.target.map(|target| urls[target]);
        }
        run
    }

    /// The job as the child gets it.
    pub fn job(&self) -> Vec<u8> {
        let targets = self.wanted.iter().filter_map(|wanted| wanted.target.as_ref().ok());
        let job = Job {
            protocol: VERSION,
            digest: self.digest,
            activity: self.activity,
            limits: (&self.limits).into(),
            targets: targets.map(Into::into).collect(),
        };
        serde_json::to_vec(&job).expect("a job is JSON")
    }
}

/// What the Python here lacks, if that is why an original did not run: its exit status says so.
fn lacks(entrant: &Entrant, run: &Run) -> Option<String> {
    const UNAVAILABLE: i32 = 77;
    let skipped = entrant.language == Language::Python
        && matches!(run.fault, Some(Fault::Ended { how: Ending::Exit(UNAVAILABLE), .. }));
    skipped.then(|| run.stderr.last().cloned().unwrap_or_else(|| "no reason was given".to_owned()))
}

/// An outcome for each target that has none.
fn give_up(run: &mut Run, why: &str, heard: Heard<'_>) {
    for (url, outcome) in run.outcomes.iter_mut().enumerate() {
        if outcome.is_none() {
            let died = not_fetched(url, ErrorKind::WorkerDied, why);
            heard(Some(outcome.insert(died)));
        }
    }
}

fn not_fetched(target: usize, kind: ErrorKind, message: &str) -> OutcomeLine {
    OutcomeLine {
        target,
        by: Worker::Main,
        status: None,
        bytes: None,
        sha256: None,
        location: None,
        content_encoding: None,
        error: Some(ErrorLine {
            kind,
            phase: Some(Phase::Connecting),
            bytes: 0,
            expected_bytes: None,
            message: message.to_owned(),
        }),
        started_us: 0,
        connected_us: None,
        sent_us: None,
        first_byte_us: None,
        finished_us: None,
    }
}
