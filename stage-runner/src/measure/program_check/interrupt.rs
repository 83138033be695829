//! Ctrl-C in the middle of a job, as the terminal of the program would send it.

use std::io;
#[cfg(unix)]
use std::time::{Duration, Instant};

use super::Checking;
#[cfg(unix)]
use super::{fault_in_words, leave_if_busy, wanted, watched_site, work};
#[cfg(unix)]
use crate::measure::conversation::Conversation;
use crate::results::program_check::{Group, Stopped};
#[cfg(unix)]
use crate::results::{Ending, Fault, Run};
#[cfg(unix)]
use crate::system::{processes, signals};
#[cfg(unix)]
use crate::words;

const NAME: &str = "Ctrl-C";

/// Pages that come at once, and as many that do not come.
#[cfg(unix)]
const PAGES: usize = 5;

/// The pages that come have come by then, an interpreter's start included.
#[cfg(unix)]
const COMES_WITHIN: Duration = Duration::from_secs(10);

/// A program that was interrupted has this long to end, and what it started as long again.
#[cfg(unix)]
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// This system sends no Ctrl-C to one program alone.
#[cfg(not(unix))]
pub fn check(_: &Checking<'_>, groups: &mut Vec<Group>) -> io::Result<Option<Stopped>> {
    groups.push(Group { left_out: vec![NAME], ..Group::new(NAME) });
    Ok(None)
}

/// The program ends, has told what it had, and leaves no process behind.
#[cfg(unix)]
pub fn check(checking: &Checking<'_>, groups: &mut Vec<Group>) -> io::Result<Option<Stopped>> {
    let mut group = Group::new(NAME);
    if signals::interrupt_is_ignored() {
        let why = "it is ignored where this check was started (in the background of a shell?)";
        group.leave("all", why.to_owned());
        groups.push(group);
        return Ok(None);
    }
    let site = watched_site(PAGES)?;
    let comes = (1..=PAGES).map(|page| site.url(&format!("/{page}")));
    let stays_away = (1..=PAGES).map(|page| site.url(&format!("/{page}?delay=60s")));
    let wanted = wanted(&comes.chain(stays_away).collect::<Vec<_>>());
    let limits = crawl::Limits { deadline: COMES_WITHIN + ENDS_WITHIN * 2, ..corpus::limits() };
    let work = work(&wanted, limits, false);

    let mut run = Run::new(0, 0, wanted.len());
    let mut conversation = match Conversation::start(&work, checking.entrant, wanted.len()) {
        Ok(conversation) => conversation,
        Err(fault) => {
            checking.note_shortage(&fault);
            group.add("starts", Some(fault_in_words(&fault, &run)));
            groups.push(group);
            return Ok(None);
        }
    };
    conversation.wait_afterwards(ENDS_WITHIN);
    let process = conversation.process();
    let began = Instant::now();
    let mut pages = 0;
    let mut pressed: Option<Instant> = None;
    let end = conversation.listen(&mut |outcome| {
        if let Some(outcome) = outcome {
            pages += usize::from(outcome.target < PAGES && outcome.error.is_none());
        }
        let is_time = pages == PAGES || began.elapsed() > COMES_WITHIN;
        if pressed.is_none() && is_time {
            pressed = Some(Instant::now());
            processes::interrupt_group(process);
        }
        pressed.is_none_or(|pressed| pressed.elapsed() < ENDS_WITHIN) && checking.over().is_none()
    });
    let left_running = conversation.left_running();
    conversation.settle(end, &mut run);
    if checking.over().is_some() {
        return Ok(None);
    }

    let was_ended = pressed.is_some_and(|pressed| {
        let how = match &run.fault {
            Some(Fault::Ended { how: Ending::Signal(name), .. }) => name,
            _ => "",
        };
        how == "SIGKILL" && pressed.elapsed() >= ENDS_WITHIN
    });
    let within = words::plain(ENDS_WITHIN);
    let on_its_own = match &run.fault {
        Some(fault @ (Fault::NotStarted { .. } | Fault::Hung { .. })) => {
            Some(fault_in_words(fault, &run))
        }
        _ if pressed.is_none() => {
            Some("ended before Ctrl-C, and not every page was there".to_owned())
        }
        _ => was_ended.then(|| format!("did not end within {within}")),
    };
    group.add("ends", on_its_own);
    let told = match &run.fault {
        Some(fault @ Fault::WrongLine { .. }) => Some(fault_in_words(fault, &run)),
        _ => (pages < PAGES).then(|| format!("told of {pages} of the {PAGES} pages that had come")),
    };
    group.add("tells what it had", told);
    let left = left_running || was_ended;
    group.add("leaves no process", left.then(|| format!("one still ran {within} later")));
    leave_if_busy(&mut group);
    groups.push(group);
    Ok(None)
}
