//! The parent's half of the protocol: one child, every word of it checked.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crawl::protocol::MAX_LINE_BYTES;

use super::checked::Checked;
use super::close_look::{CloseLook, Looked};
use super::command::command;
use super::costs;
use super::work::{Heard, Work};
use crate::lineup::{Entrant, Language};
use crate::results::{Ending, Fault, Run, WrongLine};
use crate::system::usage::{self, Cpu};
use crate::system::{processes, signals};
use crate::words;

/// Where a wait of [`CloseLook::every`] took longer than this, the runner itself stood still:
/// somebody stopped it.
const STOPPED: Duration = Duration::from_secs(1);

/// A child that tells of no fetch for this long after the deadline is hung.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// With so much of a core, a program is as quick as it is; with less, it may be silent for longer,
/// up to so many times.
const ENOUGH_OF_A_CORE: f64 = classroom::control::ENOUGH;
const MOST_PATIENCE: f64 = 5.0;

/// The next look at a child begins no later than this after the last one.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Who still holds a child's stdout this long after its exit is not waited for.
const STDOUT_AFTER_EXIT: Duration = Duration::from_secs(1);

/// A stage reports every 50 ms: what it had finished when Ctrl-C came has arrived after this.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Lines of a child's stderr that are kept, and characters of each.
const STDERR_LINES: usize = 8;
const STDERR_COLUMNS: usize = 300;

/// What the thread that reads a child's stdout passes on.
enum Said {
    /// A line, and when it came.
    Line(Vec<u8>, Instant),
    TooLong,
    Nothing(Instant),
}

/// How a child ended.
pub struct End {
    status: Option<ExitStatus>,
    /// When it exited, or closed its stdout, whichever is known better.
    at: Instant,
    /// What it did wrong, so that it was ended.
    fault: Option<Fault>,
}

/// A running child, and what it has said.
pub struct Conversation {
    child: Child,
    /// Whether it is watched from outside: it need not say what it costs.
    is_watched: bool,
    /// Whether what it says is compared with what the system saw.
    is_doubted: bool,
    pipes: Pipes,
    checked: Checked,
    silence: Duration,
    share_of_a_core: Option<fn() -> f64>,
    began: Instant,
    /// For how long the runner was stopped meanwhile.
    stopped: Duration,
    cpu_before: Option<Cpu>,
    /// The program, from outside.
    look: CloseLook,
    /// When each outcome came, in their order: it may have been heard later.
    said_at: Vec<Instant>,
    /// For how long what it left running may go on after its end.
    afterwards: Duration,
    /// Whether it left a process running for longer.
    left_running: bool,
}

/// How a child is started and listened to.
pub struct Manner {
    /// What it is called in what it prints to stderr.
    pub name: String,
    /// What it is called where it cannot be started.
    pub program: String,
    /// Whether it is watched from outside: it need not say what it costs.
    pub is_watched: bool,
    /// Whether what it says is compared with what the system saw.
    pub is_doubted: bool,
    /// A program that tells of no fetch for so long is hung.
    pub silence: Duration,
    /// Where a program gets little of a core, as this tells, it may be silent for longer.
    pub share_of_a_core: Option<fn() -> f64>,
    /// How it is looked at, if it is.
    pub look: CloseLook,
}

impl Conversation {
    /// Starts the child and hands it its job of so many targets.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(
        work: &Work<'_>,
        entrant: &Entrant,
        targets: usize,
    ) -> Result<Conversation, Fault> {
        let mut command = command(entrant, work.originals)?;
        let program = match entrant.language {
            Language::Rust => "stage-runner".to_owned(),
            Language::Python | Language::Program => command.get_program().display().to_string(),
        };
        if entrant.language == Language::Rust && work.stderr_to.is_none() {
            // A backtrace would push the words of a panic out of the end of stderr.
            command.env("RUST_BACKTRACE", "0");
        }
        let manner = Manner {
            name: entrant.title().into_owned(),
            program,
            is_watched: entrant.is_watched(),
            is_doubted: !entrant.measures_itself(),
            silence: work.limits.deadline.saturating_add(HUNG_AFTER),
            share_of_a_core: None,
            look: CloseLook::default(),
        };
        Conversation::with(command, manner, work, targets)
    }

    /// Starts this command and hands it the job of so many targets.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn with(
        mut command: Command,
        manner: Manner,
        work: &Work<'_>,
        targets: usize,
    ) -> Result<Conversation, Fault> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        processes::apart(&mut command);
        let cpu_before = usage::children();
        let began = Instant::now();
        let Manner { name, program, is_watched, is_doubted, silence, share_of_a_core, mut look } =
            manner;
        let mut child = processes::spawn(&mut command).map_err(|error| Fault::NotStarted {
            program: program.clone(),
            why: match error.kind() {
                ErrorKind::NotFound => format!("{error}; install it, or write its whole path"),
                _ => processes::with_what_helps(&error),
            },
            is_shortage: processes::is_shortage(&error),
        })?;
        signals::child(child.id());
        look.before_the_job(child.id());

        let pass_on =
            work.stderr_to.map(|stderr_to| move |line: &str| stderr_to(&format!("{name}: {line}")));
        let pipes = Pipes::attend(&mut child, work.job(), pass_on).map_err(|error| {
            processes::kill(&mut child);
            let _ = child.wait();
            signals::child(0);
            let why = processes::with_what_helps(&error);
            let why = format!("no thread for its pipes: {why}");
            Fault::NotStarted { program, why, is_shortage: true }
        })?;
        Ok(Conversation {
            child,
            is_watched,
            is_doubted,
            pipes,
            checked: Checked::new(targets, work.activity),
            silence,
            share_of_a_core,
            began,
            stopped: Duration::ZERO,
            cpu_before,
            look,
            said_at: Vec::new(),
            afterwards: Duration::ZERO,
            left_running: false,
        })
    }

    /// The number of its process, which is that of its process group.
    #[cfg_attr(not(unix), allow(dead_code, reason = "elsewhere no program can be interrupted"))]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Gives what the child leaves running so long to end by itself.
    #[cfg_attr(not(unix), allow(dead_code, reason = "elsewhere no program can be interrupted"))]
    pub fn wait_afterwards(&mut self, patience: Duration) {
        self.afterwards = patience;
    }

    /// Whether the child, after its end, left a process running for longer than it may.
    #[cfg_attr(not(unix), allow(dead_code, reason = "elsewhere no program can be interrupted"))]
    pub fn left_running(&self) -> bool {
        self.left_running
    }

    /// Listens until the child has ended, or has to be.
    pub fn listen(&mut self, heard: Heard<'_>) -> End {
        let mut last_word = Instant::now();
        let (mut last_look, mut look_took) = (Instant::now(), Duration::ZERO);
        let mut stdout_end = None;
        let mut exit: Option<(ExitStatus, Instant)> = None;
        let mut interrupted: Option<Instant> = None;
        loop {
            // 1. Take the next line, or wait for one a moment.
            let waiting = Instant::now();
            // On a busy machine a look takes long: the program comes first.
            let pause = self.look.every().max(look_took.min(LONGEST_PAUSE));
            let said = self.next(stdout_end.is_some(), pause);
            let waited = waiting.elapsed();
            if waited > STOPPED {
                // Meanwhile the child could say what it wanted: that nobody heard it is not its
                // silence.
                self.stopped += waited;
                last_word += waited;
            }
            match said {
                Some(Said::Line(line, at)) => {
                    let running = self.began.elapsed().as_micros() as u64;
                    match self.checked.hear(&line, running) {
                        Ok(None) => {}
                        Ok(outcome) => {
                            self.said_at.push(at);
                            if !heard(outcome) {
                                return self.put_down(None);
                            }
                            last_word = Instant::now();
                        }
                        Err(fault) => return self.put_down(Some(fault)),
                    }
                    if last_look.elapsed() < pause {
                        continue;
                    }
                }
                Some(Said::TooLong) => {
                    let line = self.checked.lines + 1;
                    let fault = Fault::WrongLine { line, wrong: WrongLine::TooLong };
                    return self.put_down(Some(fault));
                }
                Some(Said::Nothing(at)) => stdout_end = Some(at),
                None => {}
            }

            // 2. Look at the child.
            let looking = Instant::now();
            if !heard(None) {
                return self.put_down(None);
            }
            self.look();
            (last_look, look_took) = (Instant::now(), looking.elapsed());
            if exit.is_none() {
                let status = self.child.try_wait().ok().flatten();
                exit = status.map(|status| (status, Instant::now()));
            }

            // 3. Has it ended, or must it?
            match exit {
                Some((status, at)) if stdout_end.is_some() || at.elapsed() > STDOUT_AFTER_EXIT => {
                    return self.ended(status, stdout_end.map_or(at, |stdout| stdout.min(at)));
                }
                None if last_word.elapsed() > self.silence && !self.is_patient() => {
                    let silent_us = last_word.elapsed().as_micros() as u64;
                    return self.put_down(Some(Fault::Hung { silent_us }));
                }
                _ => {}
            }
            if signals::asked()
                && interrupted.get_or_insert_with(Instant::now).elapsed() > LAST_WORDS
            {
                return self.put_down(None);
            }
        }
    }

    /// Whether the silence of a program gets longer than it was to be: once, by as much as the
    /// machine is busy.
    fn is_patient(&mut self) -> bool {
        let Some(share) = self.share_of_a_core.take() else { return false };
        let longer = (1.0 / share()).clamp(1.0, MOST_PATIENCE);
        self.silence = self.silence.mul_f64(longer);
        longer > 1.0 / ENOUGH_OF_A_CORE
    }

    fn next(&self, stdout_is_closed: bool, pause: Duration) -> Option<Said> {
        if stdout_is_closed {
            thread::sleep(Duration::from_millis(1));
            return None;
        }
        match self.pipes.said.recv_timeout(pause) {
            Ok(said) => Some(said),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Said::Nothing(Instant::now())),
        }
    }

    fn look(&mut self) {
        if self.is_watched {
            let told = self.checked.outcomes.iter().filter(|outcome| outcome.is_some()).count();
            self.look.at(self.child.id(), told);
        }
    }

    fn put_down(&mut self, fault: Option<Fault>) -> End {
        processes::kill(&mut self.child);
        let status = self.child.wait().ok();
        signals::child(0);
        End { status, at: Instant::now(), fault }
    }

    fn ended(&mut self, status: ExitStatus, at: Instant) -> End {
        if !self.afterwards.is_zero() {
            let ended = Instant::now();
            let runs = || processes::group_runs(self.child.id());
            while ended.elapsed() < self.afterwards && runs() {
                thread::sleep(self.look.every());
            }
            self.left_running = runs();
        }
        if self.is_watched {
            // What it left running holds ports and processors that the next one needs.
            processes::kill_group(self.child.id());
        }
        signals::child(0);
        End { status: Some(status), at, fault: None }
    }

    /// When each outcome came, in their order.
    pub fn said_at(&self) -> &[Instant] {
        &self.said_at
    }

    /// Works out what the whole came to, and what was seen of it from outside alone.
    pub fn settle(self, end: End, run: &mut Run) -> Looked {
        run.stopped_us = self.stopped.as_micros() as u64;
        run.exit = end.status.and_then(|status| status.code());
        let unanswered = self.checked.outcomes.iter().filter(|outcome| outcome.is_none()).count();
        run.fault = match (end.fault, end.status.map(Ending::from)) {
            (Some(fault), _) => Some(fault),
            _ if signals::asked() => Some(Fault::Interrupted),
            (None, Some(Ending::Exit(0))) if unanswered == 0 => None,
            (None, Some(how)) => Some(Fault::Ended { how, unanswered }),
            (None, None) if unanswered == 0 => None,
            (None, None) => {
                let how = Ending::Other("an exit status that was lost".to_owned());
                Some(Fault::Ended { how, unanswered })
            }
        };
        let lifetime = (end.at - self.began).as_micros() as u64;
        let cpu = usage::children().zip(self.cpu_before).map(|(after, before)| after - before);
        let seen = costs::from_outside(lifetime, cpu, self.is_watched.then_some(self.look.family));
        let reported = self.checked.usage.unwrap_or_default();
        let recorded = self.checked.recorded;
        run.activity = recorded.map(|recorded| recorded.finish(reported.dropped_steps));
        run.wall_includes_start = reported.wall_us.is_none();
        if self.is_doubted {
            run.doubts =
                costs::doubts(&reported, &seen, run.reported().filter_map(|o| o.finished_us).max());
        }
        let looked = self.look.looked(&seen);
        run.usage = costs::complete(reported, seen);
        if !signals::asked() {
            // What it printed last may still be on its way, and its stderr may be held open by what
            // it started.
            let _ = self.pipes.stderr_end.recv_timeout(Duration::from_millis(100));
        }
        if run.fault.is_some() && !signals::asked() {
            let tail = self.pipes.stderr.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            run.stderr = tail.iter().cloned().collect();
        }
        looked
    }
}

/// What comes out of a child, each pipe read by a thread of its own.
struct Pipes {
    said: Receiver<Said>,
    stderr: Arc<Mutex<VecDeque<String>>>,
    stderr_end: Receiver<()>,
}

impl Pipes {
    /// Starts the threads.
    ///
    /// # Errors
    /// There is no thread to be had. Those that have started end with the child.
    fn attend(
        child: &mut Child,
        job: Vec<u8>,
        pass_on: Option<impl Fn(&str) + Send + 'static>,
    ) -> io::Result<Pipes> {
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        let pipe = child.stderr.take().expect("stderr is piped");
        // A program need not read its job: then this thread ends with the program.
        thread::Builder::new().spawn(move || stdin.write_all(&job))?;
        let (say, said) = mpsc::sync_channel(1024);
        thread::Builder::new().spawn(move || read_lines(stdout, &say))?;
        let stderr = Arc::new(Mutex::new(VecDeque::new()));
        let (end, stderr_end) = mpsc::channel();
        thread::Builder::new().spawn({
            let stderr = Arc::clone(&stderr);
            move || {
                keep_tail(pipe, &stderr, pass_on);
                drop(end);
            }
        })?;
        Ok(Pipes { said, stderr, stderr_end })
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
            Ok(_) => Said::Line(line, Instant::now()),
        };
        let is_last = !matches!(said, Said::Line(..));
        // Nobody listens any more once the run is over: then the program gets a broken pipe.
        if say.send(said).is_err() || is_last {
            return;
        }
    }
}

fn keep_tail(stderr: impl Read, tail: &Mutex<VecDeque<String>>, pass_on: Option<impl Fn(&str)>) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        let read = stderr.by_ref().take(4 * STDERR_COLUMNS as u64).read_until(b'\n', &mut line);
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        let line = words::escaped(String::from_utf8_lossy(&line).trim_end());
        let line = words::cut(&line, STDERR_COLUMNS);
        if let Some(pass_on) = &pass_on {
            pass_on(&line);
        }
        let mut tail = tail.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if tail.len() == STDERR_LINES {
            tail.pop_front();
        }
        tail.push_back(line);
    }
}
