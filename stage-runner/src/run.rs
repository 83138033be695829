//! The parent's half of the protocol: one child, one crawl, every word of it checked.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crawl::protocol::{ErrorLine, Job, MAX_LINE_BYTES, OutcomeLine, Usage, VERSION};
use crawl::{ErrorKind, Limits, Phase, Worker};

use crate::entrants::{Entrant, Kind};
use crate::ledger::Ledger;
use crate::targets::Wanted;
use crate::usage::{self, Cpu, Family};
use crate::{family, interrupt, progress, text};

/// How often the runner looks at a child that says nothing.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A child that says nothing for this long after the deadline is hung.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// Who still holds a child's stdout this long after its exit is not waited for.
const STDOUT_AFTER_EXIT: Duration = Duration::from_secs(1);

/// A stage reports every 50 ms: what it had finished when Ctrl-C came has arrived after this.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Lines of a child's stderr that are kept, and characters of each.
const STDERR_LINES: usize = 8;
const STDERR_COLUMNS: usize = 300;

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

/// Figures that a program reported and the system saw otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Doubts {
    pub wall: bool,
    pub cpu: bool,
    pub memory: bool,
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

    fn job(&self) -> Vec<u8> {
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

/// What the thread that reads a child's stdout passes on.
enum Said {
    Line(Vec<u8>),
    TooLong,
    Nothing(Instant),
}

/// How a child ended.
struct End {
    status: Option<ExitStatus>,
    /// When it exited, or closed its stdout, whichever is known better.
    at: Instant,
    /// What it did wrong, so that it was ended.
    fault: Option<String>,
}

struct Conversation {
    child: Child,
    is_program: bool,
    said: Receiver<Said>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    stderr_end: Receiver<()>,
    ledger: Ledger,
    silence: Duration,
    began: Instant,
    cpu_before: Option<Cpu>,
    /// The most that was seen of a program from outside.
    seen: Family,
}

impl Conversation {
    fn start(work: &Work<'_>, entrant: &Entrant, targets: usize) -> Result<Conversation, String> {
        let mut command = command(entrant)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        family::apart(&mut command);
        let cpu_before = usage::children();
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| {
            let program = command.get_program().to_string_lossy().into_owned();
            format!("cannot start {program}: {error}")
        })?;
        interrupt::child(child.id());

        let mut stdin = child.stdin.take().expect("stdin is piped");
        let job = work.job();
        // A program need not read its job: then this thread ends with the program.
        thread::spawn(move || stdin.write_all(&job));
        let stdout = child.stdout.take().expect("stdout is piped");
        let (say, said) = mpsc::sync_channel(1024);
        thread::spawn(move || read_lines(stdout, &say));
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let (end, stderr_end) = mpsc::channel();
        let pipe = child.stderr.take().expect("stderr is piped");
        let prefix = work.verbose.then(|| entrant.name.clone());
        thread::spawn({
            let stderr = Arc::clone(&stderr);
            move || {
                keep_tail(pipe, &stderr, prefix.as_deref());
                drop(end);
            }
        });
        Ok(Conversation {
            child,
            is_program: entrant.stage().is_none(),
            said,
            stderr,
            stderr_end,
            ledger: Ledger::new(targets),
            silence: work.limits.deadline.saturating_add(HUNG_AFTER),
            began,
            cpu_before,
            seen: Family::default(),
        })
    }

    /// Listens until the child has ended, or has to be.
    fn listen(&mut self, heard: Heard<'_>) -> End {
        let mut last_word = Instant::now();
        let mut last_look = Instant::now();
        let mut stdout_end = None;
        let mut exit: Option<(ExitStatus, Instant)> = None;
        let mut interrupted: Option<Instant> = None;
        loop {
            // 1. Take the next line, or wait for one a moment.
            match self.next(stdout_end.is_some()) {
                Some(Said::Line(line)) => {
                    last_word = Instant::now();
                    let running = self.began.elapsed().as_micros() as u64;
                    match self.ledger.hear(&line, running) {
                        Ok(None) => {}
                        Ok(outcome) if heard(outcome) => {}
                        Ok(_) => return self.put_down(None),
                        Err(fault) => return self.put_down(Some(fault)),
                    }
                    if last_look.elapsed() < LOOK_EVERY {
                        continue;
                    }
                }
                Some(Said::TooLong) => return self.put_down(Some(self.ledger.too_long())),
                Some(Said::Nothing(at)) => stdout_end = Some(at),
                None => {}
            }

            // 2. Look at the child.
            last_look = Instant::now();
            if !heard(None) {
                return self.put_down(None);
            }
            self.look();
            if exit.is_none() {
                let status = self.child.try_wait().ok().flatten();
                exit = status.map(|status| (status, Instant::now()));
            }

            // 3. Has it ended, or must it?
            match exit {
                Some((status, at)) if stdout_end.is_some() || at.elapsed() > STDOUT_AFTER_EXIT => {
                    return self.ended(status, stdout_end.map_or(at, |stdout| stdout.min(at)));
                }
                None if last_word.elapsed() > self.silence => {
                    let silent = text::duration(last_word.elapsed().as_micros() as u64);
                    return self
                        .put_down(Some(format!("was silent for {silent}: hung, and ended")));
                }
                _ => {}
            }
            if interrupt::asked()
                && interrupted.get_or_insert_with(Instant::now).elapsed() > LAST_WORDS
            {
                return self.put_down(None);
            }
        }
    }

    fn next(&self, stdout_is_closed: bool) -> Option<Said> {
        if stdout_is_closed {
            thread::sleep(Duration::from_millis(1));
            return None;
        }
        match self.said.recv_timeout(LOOK_EVERY) {
            Ok(said) => Some(said),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Said::Nothing(Instant::now())),
        }
    }

    /// A program is watched from outside: it need not say what it costs.
    fn look(&mut self) {
        if self.is_program
            && let Some(now) = usage::family(self.child.id())
        {
            self.seen.rss_bytes = self.seen.rss_bytes.max(now.rss_bytes);
            self.seen.threads = self.seen.threads.max(now.threads);
            self.seen.processes = self.seen.processes.max(now.processes);
        }
    }

    fn put_down(&mut self, fault: Option<String>) -> End {
        family::kill(&mut self.child);
        let status = self.child.wait().ok();
        interrupt::child(0);
        End { status, at: Instant::now(), fault }
    }

    fn ended(&mut self, status: ExitStatus, at: Instant) -> End {
        if self.is_program {
            // What it left running holds ports and processors that the next one needs.
            family::kill_group(self.child.id());
        }
        interrupt::child(0);
        End { status: Some(status), at, fault: None }
    }

    /// Works out what the whole came to.
    fn settle(self, end: End, run: &mut Run) {
        run.exit = end.status.and_then(|status| status.code());
        let unanswered = self.ledger.outcomes.iter().filter(|outcome| outcome.is_none()).count();
        run.reason = match (end.fault, end.status) {
            (Some(fault), _) => Some(fault),
            _ if interrupt::asked() => Some("interrupted".to_owned()),
            (None, Some(status)) if !status.success() => {
                Some(format!("ended with {}{}", family::ending(status), left_over(unanswered)))
            }
            _ if unanswered > 0 => Some(format!("ended{}", left_over(unanswered))),
            _ => None,
        };
        let lifetime = (end.at - self.began).as_micros() as u64;
        let cpu = usage::children().zip(self.cpu_before).map(|(after, before)| after - before);
        let seen = from_outside(lifetime, cpu, self.is_program.then_some(self.seen));
        let reported = self.ledger.usage.unwrap_or_default();
        if self.is_program {
            run.doubts = doubts(&reported, &seen, run.told().filter_map(|o| o.finished_us).max());
        }
        run.usage = complete(reported, seen);
        if run.reason.is_some() && !interrupt::asked() {
            // Its stderr may be held open by what it started.
            let _ = self.stderr_end.recv_timeout(Duration::from_millis(100));
            let tail = self.stderr.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            run.stderr = tail.iter().cloned().collect();
        }
    }
}

fn left_over(unanswered: usize) -> String {
    match unanswered {
        0 => String::new(),
        _ => format!(" and left {} without an outcome", text::plural(unanswered as u64, "page")),
    }
}

/// What the system tells about a finished child.
fn from_outside(lifetime_us: u64, cpu: Option<Cpu>, seen: Option<Family>) -> Usage {
    let seen = seen.filter(|seen| seen.processes > 0);
    Usage {
        wall_us: Some(lifetime_us),
        user_us: cpu.map(|cpu| cpu.user_us),
        system_us: cpu.map(|cpu| cpu.system_us),
        peak_rss_bytes: seen.map(|seen| seen.rss_bytes),
        threads: seen.map(|seen| seen.threads),
        processes: seen.map(|seen| seen.processes),
        voluntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.0),
        involuntary_switches: cpu.and_then(|cpu| cpu.switches).map(|switches| switches.1),
        ..Usage::default()
    }
}

/// What was reported, and what was seen where nothing was.
fn complete(reported: Usage, seen: Usage) -> Usage {
    let says_cpu = reported.user_us.is_some() || reported.system_us.is_some();
    Usage {
        wall_us: reported.wall_us.or(seen.wall_us),
        user_us: if says_cpu { reported.user_us } else { seen.user_us },
        system_us: if says_cpu { reported.system_us } else { seen.system_us },
        peak_rss_bytes: reported.peak_rss_bytes.or(seen.peak_rss_bytes),
        threads: reported.threads.or(seen.threads),
        processes: reported.processes.or(seen.processes),
        voluntary_switches: reported.voluntary_switches.or(seen.voluntary_switches),
        involuntary_switches: reported.involuntary_switches.or(seen.involuntary_switches),
        ..reported
    }
}

/// Where what a program reported cannot be what the system saw. The system saw its whole life, so up to half a second
/// of CPU more is its start.
fn doubts(reported: &Usage, seen: &Usage, last_finish: Option<u64>) -> Doubts {
    const START_US: u64 = 500_000;
    const SAMPLING_BYTES: u64 = 64 << 20;
    let cpu = |usage: &Usage| Some(usage.user_us?.saturating_add(usage.system_us?));
    let wall = |wall: u64| {
        wall > seen.wall_us.unwrap_or(u64::MAX).saturating_add(10_000)
            || last_finish.is_some_and(|last| wall.saturating_add(1_000) < last)
    };
    let is_other_cpu =
        |(said, seen): (u64, u64)| said > seen + 20_000 || seen > said.saturating_mul(2) + START_US;
    let is_other_memory =
        |(said, seen): (u64, u64)| seen > said.saturating_mul(2).saturating_add(SAMPLING_BYTES);
    Doubts {
        wall: reported.wall_us.is_some_and(wall),
        cpu: cpu(reported).zip(cpu(seen)).is_some_and(is_other_cpu),
        memory: reported.peak_rss_bytes.zip(seen.peak_rss_bytes).is_some_and(is_other_memory),
    }
}

fn command(entrant: &Entrant) -> Result<Command, String> {
    match &entrant.kind {
        Kind::Stage(stage) => {
            let runner =
                std::env::current_exe().map_err(|error| format!("cannot find myself: {error}"))?;
            let mut command = Command::new(runner);
            command.args(["run-stage", stage.name]);
            Ok(command)
        }
        Kind::Program(words) => {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            Ok(command)
        }
    }
}

fn read_lines(stdout: impl Read, say: &SyncSender<Said>) {
    let mut stdout = BufReader::with_capacity(MAX_LINE_BYTES, stdout);
    loop {
        let mut line = Vec::new();
        let read = stdout.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', &mut line);
        let said = match read {
            Ok(0) | Err(_) => Said::Nothing(Instant::now()),
            Ok(_) if line.len() > MAX_LINE_BYTES => Said::TooLong,
            Ok(_) => Said::Line(line),
        };
        let is_last = !matches!(said, Said::Line(_));
        // Nobody listens any more once the run is over: then the program gets a broken pipe.
        if say.send(said).is_err() || is_last {
            return;
        }
    }
}

fn keep_tail(stderr: impl Read, tail: &Mutex<VecDeque<String>>, prefix: Option<&str>) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        let read = stderr.by_ref().take(4 * STDERR_COLUMNS as u64).read_until(b'\n', &mut line);
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        let line = text::escaped(String::from_utf8_lossy(&line).trim_end());
        let line = text::cut(&line, STDERR_COLUMNS);
        if let Some(name) = prefix {
            progress::warn(&format!("{name}: {line}"));
        }
        let mut tail = tail.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if tail.len() == STDERR_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }
}
