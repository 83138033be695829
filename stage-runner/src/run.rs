//! One entrant, one crawl: what it came to.

use crawl::protocol::{ErrorLine, Job, OutcomeLine, Usage, VERSION};
use crawl::{ErrorKind, Limits, Phase, Worker};

use crate::conversation::Conversation;
use crate::costs::Doubts;
use crate::entrants::Entrant;
use crate::targets::Wanted;
use crate::{interrupt, text};

/// What one crawl of one entrant came to.
#[derive(Clone, Debug)]
pub struct Run {
    /// Which entrant: an index.
    pub entrant: usize,
    /// Which round, from 0.
    pub round: u32,
    /// How it went as a whole.
    pub status: Status,
    /// Why it was skipped, or what went wrong with the program as a whole.
    pub reason: Option<String>,
    /// The exit status of the program, if it came to one.
    pub exit: Option<i32>,
    /// By index into the URLs. Only an interrupted run has gaps.
    pub outcomes: Vec<Option<OutcomeLine>>,
    /// What it cost.
    pub usage: Usage,
    /// Which of these costs the system saw otherwise.
    pub doubts: Doubts,
    /// The end of what a failed program printed to stderr.
    pub stderr: Vec<String>,
}

/// How a run went as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every page came.
    Ok,
    /// A page did not come, or the program itself failed.
    Failed,
    /// It could not run here.
    Skipped,
}

impl Run {
    /// A run that did not take place.
    pub fn skipped(entrant: usize, round: u32, reason: String) -> Run {
        Run {
            entrant,
            round,
            status: Status::Skipped,
            reason: Some(reason),
            exit: None,
            outcomes: Vec::new(),
            usage: Usage::default(),
            doubts: Doubts::default(),
            stderr: Vec::new(),
        }
    }

    /// Whether all went as it should: a stage that was not asked for by name may be skipped.
    pub fn is_fine(&self, entrant: &Entrant) -> bool {
        match self.status {
            Status::Ok => true,
            Status::Failed => false,
            Status::Skipped => !entrant.by_name,
        }
    }

    /// The outcomes that there are, in the order of the URLs.
    pub fn told(&self) -> impl Iterator<Item = &OutcomeLine> {
        self.outcomes.iter().flatten()
    }

    /// What went wrong with the program as a whole, with its name: `mine, line 3 is not an outcome: hello.`
    pub fn told_of(&self, name: &str) -> Option<String> {
        let reason = self.reason.as_deref()?;
        let joint = match reason.split(' ').next() {
            Some("line") => ", ",
            Some("ended" | "was") => " ",
            _ if self.status == Status::Skipped => " skipped: ",
            _ => ": ",
        };
        Some(format!("{name}{joint}{}", text::escaped(reason)))
    }

    /// Pages that came.
    pub fn pages(&self) -> usize {
        self.told().filter(|outcome| outcome.error.is_none()).count()
    }

    /// Pages that did not.
    pub fn failed(&self) -> usize {
        self.told().filter(|outcome| outcome.error.is_some()).count()
    }
}

/// Called for each outcome as it arrives, with its index into the URLs, and with `None` now and then: whether to go on.
pub type Heard<'a> = &'a mut dyn FnMut(Option<&OutcomeLine>) -> bool;

/// The same work for every entrant.
pub struct Work<'a> {
    /// What to fetch.
    pub wanted: &'a [Wanted],
    /// The limits of each crawl.
    pub limits: Limits,
    /// Whether to hash the bodies.
    pub digest: bool,
    /// Whether to pass on what programs print to stderr.
    pub verbose: bool,
}

impl Work<'_> {
    /// Runs an entrant once.
    pub fn run(&self, index: usize, entrant: &Entrant, round: u32, heard: Heard<'_>) -> Run {
        let mut run =
            Run { status: Status::Ok, reason: None, ..Run::skipped(index, round, String::new()) };
        run.outcomes = vec![None; self.wanted.len()];
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
            Err(reason) => {
                self.give_up(&mut run, &reason, heard);
                run.reason = Some(reason);
                run.status = Status::Failed;
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
        conversation.settle(end, &mut run);
        if !interrupt::asked() {
            let reason = run.reason.clone().unwrap_or_else(|| "the program ended".to_owned());
            self.give_up(&mut run, &reason, heard);
        }
        if run.reason.is_some() || run.failed() > 0 {
            run.status = Status::Failed;
        }
        run
    }

    /// Every target gets an outcome, also when nobody is left to tell what became of it.
    fn give_up(&self, run: &mut Run, reason: &str, heard: Heard<'_>) {
        for (url, outcome) in run.outcomes.iter_mut().enumerate() {
            if outcome.is_none() {
                let died = not_fetched(url, ErrorKind::WorkerDied, reason);
                heard(Some(outcome.insert(died)));
            }
        }
    }

    /// The job as the child gets it.
    pub fn job(&self) -> Vec<u8> {
        let targets = self.wanted.iter().filter_map(|wanted| wanted.target.as_ref().ok());
        let job = Job {
            protocol: VERSION,
            digest: self.digest,
            activity: false,
            limits: (&self.limits).into(),
            targets: targets.map(Into::into).collect(),
        };
        serde_json::to_vec(&job).expect("a job is JSON")
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
