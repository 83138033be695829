//! One run of an exercise: the program against a practice site that notes its events.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use classroom::{Ending, Observed, Process, Seen, control};
use crawl::Limits;
use practice_site::Site;

use super::Work;
use super::close_look::{CloseLook, Looked};
use super::conversation::{Conversation, Manner};
use crate::lineup::urls;
use crate::results::{Ending as Ended, Fault, Run};
use crate::system::processes;

/// The site hears a little later than the program that a connection is closed.
const LAST_EVENTS: Duration = Duration::from_millis(30);

/// Why there is nothing to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotObserved {
    /// There is no site, or no program.
    NotStarted(String),
    /// The runner itself got too little from the system: nothing is said about the program.
    NoRoom(String),
    /// Somebody stopped the runner.
    Interrupted,
}

/// Runs a program once, as a run of an exercise asks for. What it prints to stderr goes to
/// `stderr_to`, and `is_wanted` is asked now and then whether to go on.
///
/// # Errors
/// There is nothing to judge.
pub fn observe(
    command: Command,
    run: &classroom::Run,
    stderr_to: Option<fn(&str)>,
    is_wanted: &mut dyn FnMut() -> bool,
) -> Result<Observed, NotObserved> {
    let no_site = |error| {
        let why = processes::with_what_helps(&error);
        NotObserved::NoRoom(format!("no practice site: {why}"))
    };
    // Each run has a site of its own: nothing of the run before is in its events.
    let site_began = Instant::now();
    let site = Site::start(run.site.clone()).map_err(no_site)?;
    let urls = match run.urls(&site) {
        Ok(urls) => urls,
        Err(fault) => {
            return Ok(Observed { ending: Ending::NotHere(fault), ..Observed::default() });
        }
    };
    let urls = urls::parse_all(urls.iter().map(String::as_str)).map_err(NotObserved::NotStarted)?;
    let wanted = urls::resolve(urls);
    let limits =
        Limits { concurrency: run.concurrency, deadline: run.deadline, ..Limits::default() };
    let work = Work {
        wanted: &wanted,
        limits,
        digest: false,
        originals: None,
        activity: false,
        stderr_to,
    };

    if run.site.narrow && cfg!(windows) {
        // However small its buffer is, a socket that has room takes all that it is given.
        let lacking = "of a request that is sent in parts".to_owned();
        return Ok(Observed { ending: Ending::NotHere(lacking), ..Observed::default() });
    }
    let program = command.get_program().display().to_string();
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let command = match run.descriptors {
        None => command,
        Some(most) if cfg!(unix) => with_descriptors(most, &command),
        Some(_) => {
            let lacking = "of too many open files".to_owned();
            return Ok(Observed { ending: Ending::NotHere(lacking), ..Observed::default() });
        }
    };
    let manner = Manner {
        name,
        program,
        is_watched: true,
        is_doubted: false,
        silence: run.silence,
        share_of_a_core: Some(control::share_of_a_core),
        look: CloseLook::at_workers(run.kill_one_worker).counting_threads(run.counts_threads()),
    };
    let mut result = Run::new(0, 0, wanted.len());
    let mut said = Vec::new();
    let conversation = Conversation::with(command, manner, &work, wanted.len());
    let mut conversation = conversation.map_err(not_started)?;
    let end = conversation.listen(&mut |outcome| {
        if let Some(outcome) = outcome {
            said.push(outcome.target);
            result.outcomes[outcome.target] = Some(outcome.clone());
        }
        is_wanted()
    });
    let on_the_clock_of_the_site = |at: &Instant| at.saturating_duration_since(site_began);
    let said_at = conversation.said_at().iter().map(on_the_clock_of_the_site).collect();
    let looked = conversation.settle(end, &mut result);
    let in_vain = result.figures().failed_reads;
    let ending = ending(result.fault.take())?;
    thread::sleep(LAST_EVENTS);
    Ok(Observed {
        // As the exercise has them: the URL of a fault with a port of its own does not say which.
        paths: run.paths.clone(),
        concurrency: run.concurrency.get(),
        deadline: run.deadline,
        outcomes: result.outcomes,
        said,
        said_at,
        ending,
        stderr: result.stderr.pop(),
        site: Seen::new(&site.events()),
        process: Process { in_vain, ..process(looked) },
    })
}

/// The same command, by a shell that allows it so many descriptors.
fn with_descriptors(most: u32, command: &Command) -> Command {
    let mut limited = Command::new("sh");
    limited.arg("-c").arg(format!("ulimit -n {most} && exec \"$@\"")).arg("sh");
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    limited
}

/// That a program did not start, and whether the runner lacked room for it.
fn not_started(fault: Fault) -> NotObserved {
    match fault {
        Fault::NotStarted { is_shortage: true, .. } => NotObserved::NoRoom(fault.to_string()),
        fault => NotObserved::NotStarted(fault.to_string()),
    }
}

fn ending(fault: Option<Fault>) -> Result<Ending, NotObserved> {
    Ok(match fault {
        None | Some(Fault::Ended { how: Ended::Exit(0), .. }) => Ending::Well,
        Some(Fault::Hung { silent_us }) => Ending::Hung(Duration::from_micros(silent_us)),
        Some(Fault::Ended { how, .. }) => Ending::Badly(how.to_string()),
        Some(fault @ Fault::WrongLine { .. }) => Ending::WrongLine(fault.to_string()),
        Some(Fault::Interrupted) => return Err(NotObserved::Interrupted),
        Some(fault @ (Fault::NotHere { .. } | Fault::NotStarted { .. })) => {
            return Err(not_started(fault));
        }
    })
}

fn process(looked: Looked) -> Process {
    let usage = looked.usage;
    let cpu = usage.user_us.zip(usage.system_us).map(|(user, system)| user + system);
    Process {
        wall: Duration::from_micros(usage.wall_us.unwrap_or(0)),
        cpu: cpu.map(Duration::from_micros),
        sleeps: usage.voluntary_switches,
        in_vain: None,
        threads: looked.threads,
        children: looked.children,
        workers: looked.workers,
        killed_after: looked.killed_after,
        hired: looked.hired,
    }
}
