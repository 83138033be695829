//! Everything that a stage promises, asked of one program, with the runner's own conversation.
//!
//! `faults` asks for one page or fault in each job, so that one mistake does not hide the others;
//! `many` asks for many pages in one job; `interrupt` presses Ctrl-C.

mod faults;
mod interrupt;
mod many;

use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};
use std::{io, mem};

use classroom::control::{ENOUGH, share_of_a_core};
use crawl::Limits;
use crawl::protocol::OutcomeLine;
use practice_site::{Config, Site};

use super::Work;
use crate::lineup::Entrant;
use crate::lineup::urls::{self, Wanted};
use crate::results::program_check::{Failure, Group, ProgramCheck, Stopped};
use crate::results::{Fault, Run};
use crate::system::{processes, signals};
use crate::words;

/// Jobs that run side by side.
const AT_ONCE: usize = 4;

/// A check that takes longer than this ends. The slowest right program that was tried, a pool of
/// processes in Python on a busy machine, took two thirds of it.
const PATIENCE: Duration = Duration::from_secs(240);

/// Characters of what a program sent that are shown.
const SHOWN: usize = 120;

/// Told after each job: the group, and how many jobs of how many are done.
pub type Told<'a> = &'a (dyn Fn(&str, usize, usize) + Sync);

/// Adds its groups; gives the reason where no more is to be asked.
type Step = fn(&Checking<'_>, &mut Vec<Group>) -> io::Result<Option<Stopped>>;

/// Checks a program.
pub fn check(entrant: &Entrant, told: Told<'_>) -> ProgramCheck {
    let checking = Checking { entrant, told, began: Instant::now(), no_room: OnceLock::new() };
    let mut groups = Vec::new();
    let mut stopped = None;
    let steps: [Step; 3] = [faults::check, many::check, interrupt::check];
    for step in steps {
        let no_site = |error: io::Error| {
            let why = processes::with_what_helps(&error);
            Some(Stopped::NoRoom(format!("no practice site: {why}")))
        };
        let over = step(&checking, &mut groups).unwrap_or_else(no_site);
        stopped = over.or_else(|| checking.over());
        if stopped.is_some() {
            break;
        }
    }
    if matches!(stopped, Some(Stopped::NoRoom(_))) {
        // What the runner lacks the program may have lacked before, so its mistakes do not count.
        groups.clear();
    }
    let took = checking.began.elapsed();
    ProgramCheck { entrant: entrant.clone(), groups, stopped, took }
}

/// The program that is checked.
struct Checking<'a> {
    entrant: &'a Entrant,
    told: Told<'a>,
    began: Instant,
    /// What the runner itself lacked, once it did.
    no_room: OnceLock<String>,
}

impl Checking<'_> {
    /// Why no more is to be asked.
    fn over(&self) -> Option<Stopped> {
        if signals::asked() {
            return Some(Stopped::Interrupted);
        }
        if let Some(why) = self.no_room.get() {
            return Some(Stopped::NoRoom(why.clone()));
        }
        (self.began.elapsed() > PATIENCE).then_some(Stopped::OutOfTime(PATIENCE))
    }

    /// Ends the check where a program did not start because the runner lacks room for it.
    fn note_shortage(&self, fault: &Fault) {
        if let Fault::NotStarted { is_shortage: true, .. } = fault {
            self.no_room.get_or_init(|| words::escaped(&fault.to_string()));
        }
    }

    /// Runs one job: what the program told of it. A page that it told nothing of has no outcome.
    fn run(
        &self,
        urls: &[String],
        limits: Limits,
        digest: bool,
        heard: &mut dyn FnMut(&OutcomeLine),
    ) -> Run {
        let wanted = wanted(urls);
        let run = work(&wanted, limits, digest).run_as_told(0, self.entrant, 0, &mut |outcome| {
            if let Some(outcome) = outcome {
                heard(outcome);
            }
            self.over().is_none()
        });
        if let Some(fault) = &run.fault {
            self.note_shortage(fault);
        }
        run
    }

    /// Runs jobs side by side, as long as there is time: what each came to, in their order.
    fn side_by_side<J: Sync, R: Send>(
        &self,
        what: &str,
        jobs: &[J],
        run: impl Fn(&J) -> R + Sync,
    ) -> Vec<Option<R>> {
        let next = Mutex::new(0..jobs.len());
        let results = Mutex::new(Vec::new());
        results.lock().expect("no job panics").resize_with(jobs.len(), || None);
        let worker = || {
            while self.over().is_none() {
                let Some(job) = next.lock().expect("no job panics").next() else { break };
                let result = run(&jobs[job]);
                // A job that was ended early says nothing about the program.
                if self.over().is_none() {
                    results.lock().expect("no job panics")[job] = Some(result);
                    (self.told)(what, job + 1, jobs.len());
                }
            }
        };
        thread::scope(|scope| {
            // Where there are fewer threads to be had, those that have started do the work.
            let start = |_: &usize| thread::Builder::new().spawn_scoped(scope, worker).is_ok();
            let _ = (1..AT_ONCE).take_while(start).count();
            worker();
        });
        results.into_inner().expect("no job panics")
    }
}

fn work(wanted: &[Wanted], limits: Limits, digest: bool) -> Work<'_> {
    Work { wanted, limits, digest, originals: None, activity: false, stderr_to: None }
}

fn wanted(urls: &[String]) -> Vec<Wanted> {
    let urls = urls::parse_all(urls.iter().map(String::as_str));
    urls::resolve(urls.expect("URLs of the practice site"))
}

/// The site of the corpus with this many pages, which notes what it sees.
fn watched_site(pages: usize) -> io::Result<Site> {
    Site::start(Config { pages, events: true, ..corpus::site_config() })
}

/// That the machine is busy, if it is: then what a program lacks may be time.
fn busy() -> Option<String> {
    let share = share_of_a_core();
    (share < ENOUGH)
        .then(|| format!("a program that wants a core gets {:.0} % of one here", share * 100.0))
}

/// On a busy machine, what went wrong with a group of promises about time is not judged.
fn leave_if_busy(group: &mut Group) {
    if let Some(busy) = (!group.failures.is_empty()).then(busy).flatten() {
        group.of = group.passed;
        for Failure { case, words } in mem::take(&mut group.failures) {
            group.leave(case, format!("{words}, and {busy}"));
        }
    }
}

/// What went wrong with the program as a whole, with the last line that it printed to stderr.
fn fault_in_words(fault: &Fault, run: &Run) -> String {
    let joint = if matches!(fault, Fault::WrongLine { .. }) { "its " } else { "" };
    let last = run.stderr.iter().rev().find(|line| !line.is_empty());
    let last = last.map(|line| format!(" ({})", words::cut(line, SHOWN)));
    words::escaped(&format!("{joint}{fault}{}", last.unwrap_or_default()))
}
