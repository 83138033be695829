//! Each page and each fault of the corpus in a job of its own, and one page cut in every way.

use std::io;
use std::mem;
use std::time::Duration;

use corpus::{CASES, Case, Difference, Expected, Field};
use crawl::protocol::OutcomeLine;
use crawl::{ErrorKind, Limits};
use practice_site::Site;

use super::{AT_ONCE, Checking, SHOWN, busy, fault_in_words};
use crate::results::program_check::{Group, Stopped};
use crate::results::{Fault, Run};
use crate::words;

/// Time for a fetch that does not end by its deadline: enough on a busy machine.
const QUICK: Duration = Duration::from_secs(8);

/// So many jobs that went wrong for lack of time are asked again: a busy machine passes.
const AGAIN: usize = 4;

const CUT: &str = "bytes cut into pieces";

/// One fetch.
struct Job {
    group: &'static str,
    name: String,
    url: String,
    expected: Expected,
    is_slow: bool,
    digest: bool,
}

/// What a job came to.
struct Done {
    wrong: Option<Wrong>,
    digest: Option<String>,
}

/// What went wrong with a job.
struct Wrong {
    words: String,
    how: How,
    /// Why this is not held against the program.
    not_judged: Option<String>,
}

/// In which way a job went wrong.
#[derive(PartialEq, Eq)]
enum How {
    /// The program did not keep to the protocol.
    Program(mem::Discriminant<Fault>),
    /// It told this of the page.
    Told(Option<ErrorKind>, Option<u16>, Option<u64>),
}

/// Asks for each, and adds the groups.
pub fn check(checking: &Checking<'_>, groups: &mut Vec<Group>) -> io::Result<Option<Stopped>> {
    let site = Site::start(corpus::site_config())?;
    let (jobs, left_out) = jobs(&site);

    // 1. A program that does nothing right does not do it right the hundredth time.
    let (first, rest) = jobs.split_at(AT_ONCE);
    let mut done = run(checking, first);
    if let Some(stopped) = same_way(&done) {
        return Ok(Some(stopped));
    }

    // 2. All others; and once more what may have had too little time.
    done.extend(run(checking, rest));
    ask_again(checking, &jobs, &mut done);

    // 3. Each in its group.
    for name in GROUPS {
        let mut group = Group::new(name);
        let of_group = jobs.iter().zip(&done).filter(|(job, _)| job.group == name);
        for (job, done) in of_group {
            if let Some(done) = done {
                add(&mut group, &job.name, done);
            }
        }
        let of_group = left_out.iter().filter(|case| group_of(case) == name);
        group.left_out = of_group.map(|case| case.name).collect();
        groups.push(group);
    }
    groups.push(cut(checking, &site));
    Ok(None)
}

/// Adds what one job came to.
fn add(group: &mut Group, name: &str, done: &Done) {
    match &done.wrong {
        Some(Wrong { words, not_judged: Some(busy), .. }) => {
            group.leave(name, format!("{words}, and {busy}"));
        }
        wrong => group.add(name, wrong.as_ref().map(|wrong| wrong.words.clone())),
    }
}

const PAGES: &str = "pages";
const ODD: &str = "odd pages that are fine";
const ENDED: &str = "ends too early";
const SLOWLY: &str = "takes too long";
const MUCH: &str = "too much";
const NO_HTTP: &str = "not HTTP";
const GROUPS: [&str; 6] = [PAGES, ODD, ENDED, SLOWLY, MUCH, NO_HTTP];

fn group_of(case: &Case) -> &'static str {
    match case.expected {
        Expected::Page { .. } if case.is_fault() => ODD,
        Expected::Page { .. } => PAGES,
        Expected::Error { kind: ErrorKind::Timeout, .. } => SLOWLY,
        Expected::Error { kind: ErrorKind::TooLarge, .. } => MUCH,
        Expected::Error { kind: ErrorKind::Malformed, .. } => NO_HTTP,
        Expected::Error { .. } => ENDED,
    }
}

/// A job for each case, and the cases that this system cannot produce.
fn jobs(site: &Site) -> (Vec<Job>, Vec<&'static Case>) {
    let mut jobs = Vec::new();
    let mut left_out = Vec::new();
    for case in CASES {
        let Some(url) = case.url(site) else {
            left_out.push(case);
            continue;
        };
        jobs.push(Job {
            group: group_of(case),
            name: case.name.to_owned(),
            url,
            expected: case.expected,
            is_slow: case.is_slow(),
            digest: false,
        });
    }
    (jobs, left_out)
}

fn run(checking: &Checking<'_>, jobs: &[Job]) -> Vec<Option<Done>> {
    checking.side_by_side("faults", jobs, |job| {
        let quick = Limits { deadline: QUICK, ..corpus::limits() };
        let limits = if job.is_slow { corpus::slow_limits() } else { quick };
        let urls = [job.url.clone()];
        let run = checking.run(&urls, limits, job.digest, &mut |_| {});
        let outcome = run.reported().next();
        Done {
            wrong: wrong(&run, &job.expected),
            digest: outcome.and_then(|outcome| outcome.sha256.clone()),
        }
    })
}

/// What is wrong with a run of one page.
fn wrong(run: &Run, expected: &Expected) -> Option<Wrong> {
    if let Some(fault) = &run.fault {
        let how = How::Program(mem::discriminant(fault));
        return Some(Wrong { words: fault_in_words(fault, run), how, not_judged: None });
    }
    let outcome = run.reported().next()?;
    let difference = differences(expected, outcome).into_iter().next()?;
    let kind = outcome.error.as_ref().map(|error| error.kind);
    let how = How::Told(kind, outcome.status, outcome.bytes);
    Some(Wrong { words: in_words(&difference, outcome), how, not_judged: None })
}

/// What is not as expected in what a program told. What it may leave out, it may leave out.
pub fn differences(expected: &Expected, outcome: &OutcomeLine) -> Vec<Difference> {
    let mut differences = expected.differences(outcome);
    differences.retain(|difference| is_told(difference.field, outcome));
    differences
}

fn is_told(field: Field, outcome: &OutcomeLine) -> bool {
    let error = outcome.error.as_ref();
    match field {
        Field::Outcome | Field::Status | Field::Bytes | Field::Kind => true,
        Field::Location => outcome.location.is_some(),
        Field::ContentEncoding => outcome.content_encoding.is_some(),
        Field::Phase => error.is_some_and(|error| error.phase.is_some()),
        Field::ErrorBytes => error.is_some_and(|error| error.bytes > 0),
        Field::ExpectedBytes => error.is_some_and(|error| error.expected_bytes.is_some()),
    }
}

/// A difference; the words of the program's own error say more than its kind.
pub fn in_words(difference: &Difference, outcome: &OutcomeLine) -> String {
    let message = outcome.error.as_ref().map(|error| error.message.as_str());
    let message = message.filter(|text| difference.field == Field::Kind && !text.is_empty());
    let message = message.map(|text| format!(" ({})", words::cut(text, SHOWN)));
    words::escaped(&format!("{difference}{}", message.unwrap_or_default()))
}

/// Whether all of these went wrong in the same way.
fn same_way(done: &[Option<Done>]) -> Option<Stopped> {
    let wrong: Option<Vec<&Wrong>> =
        done.iter().map(|done| done.as_ref()?.wrong.as_ref()).collect();
    let wrong = wrong?;
    let is_same = wrong.iter().all(|other| other.how == wrong[0].how);
    is_same.then(|| Stopped::SameWay(wrong.len(), wrong[0].words.clone()))
}

/// Whether a job may have gone wrong because the machine was busy: where a fetch was when its
/// deadline passed is a matter of time too.
fn lacked_time(wrong: &Wrong) -> bool {
    match wrong.how {
        How::Told(kind, ..) => kind == Some(ErrorKind::Timeout),
        How::Program(how) => how == mem::discriminant(&Fault::Hung { silent_us: 0 }),
    }
}

/// Runs those once more that may have had too little time, if they are few. What then still lacks
/// time is not judged on a busy machine.
fn ask_again(checking: &Checking<'_>, jobs: &[Job], done: &mut [Option<Done>]) {
    let lacking = |done: &[Option<Done>]| -> Vec<usize> {
        let wrong = |at: &usize| done[*at].as_ref().and_then(|done| done.wrong.as_ref());
        (0..done.len()).filter(|at| wrong(at).is_some_and(lacked_time)).collect()
    };
    let first = lacking(done);
    if first.len() <= AGAIN {
        for at in first {
            let second = run(checking, &jobs[at..=at]).pop().flatten();
            done[at] = second.or(done[at].take());
        }
    }
    let left = lacking(done);
    if let Some(busy) = (!left.is_empty()).then(busy).flatten() {
        for at in left {
            let wrong = done[at].as_mut().and_then(|done| done.wrong.as_mut());
            wrong.expect("it is wrong").not_judged = Some(busy.clone());
        }
    }
}

/// One page in every framing, whole and in pieces: the same bytes each time.
fn cut(checking: &Checking<'_>, site: &Site) -> Group {
    let expected = Expected::Page {
        status: 200,
        bytes: corpus::FORM_BYTES,
        location: None,
        content_encoding: None,
    };
    let job = |url: String| {
        let name = url.rsplit_once("size=").map_or("", |(_, form)| form).to_owned();
        Job { group: CUT, name, url, expected, is_slow: false, digest: true }
    };
    let jobs: Vec<Job> = corpus::one_page_in_every_form(site).into_iter().map(job).collect();
    let mut done = run(checking, &jobs);
    ask_again(checking, &jobs, &mut done);
    let digests: Vec<&String> = done.iter().flatten().filter_map(|d| d.digest.as_ref()).collect();
    let first = digests.first().copied();
    let mut group = Group::new(CUT);
    for (job, done) in jobs.iter().zip(&done) {
        let Some(done) = done else { continue };
        let name = job.name.replace('&', ", ");
        let is_other = done.digest.is_some() && done.digest.as_ref() != first;
        if is_other && done.wrong.is_none() {
            let words = "its sha256 is not that of the same page by another URL";
            group.add(name, Some(words.to_owned()));
        } else {
            add(&mut group, &name, done);
        }
    }
    group
}
