//! What the numbers say, in sentences. Each is worked out, and left out where it would not be true.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crawl::protocol::{ErrorLine, OutcomeLine};
use crawl::{ErrorKind, Limits, Worker};
use stage_program::Figures;

use crate::lineup::Language;
use crate::results::{Blocked, Report, Row, Run, Setting, WorkerKind};
use crate::words;

/// Walls within this share of each other are the same.
const SAME: f64 = 0.05;

/// A wall within this share of the longest wait is that wait.
const NEARLY: f64 = 0.15;

/// A wall so many times another one is a difference to tell.
const APART: f64 = 1.5;

/// Figures of a program's own that are shown.
const FIGURES: usize = 5;

/// Kinds of failure that are told, each with one page that failed like this.
const NAMED: usize = 3;

/// How a headline ends that has to tell of a debug build.
pub const DEBUG: &str = " (debug build";

/// What a run of several entrants showed.
pub fn comparison(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let sound: Vec<&Row<'_>> =
        rows.iter().filter(|row| row.is_ok() && row.wall_us().is_some()).collect();
    let mut sentences: Vec<String> = Vec::new();
    sentences.extend(failures(report, rows));
    sentences.extend(rows.iter().filter_map(stopped));
    sentences.extend(rows.iter().filter_map(|row| blocked(report, row)));
    let (late, on_time): (Vec<_>, Vec<_>) = sound.iter().partition(|row| is_late(row));
    sentences.extend(kinds_of_time(&on_time));
    sentences.extend(late.into_iter().filter_map(started_late));
    sentences.extend(figures(&sound));
    sentences.extend(one_a_second(&sound));
    sentences.extend(tie(&sound));
    sentences
}

/// The setting, above every picture.
pub fn headline(report: &Report) -> String {
    let Setting { urls, site, limits, rounds, digest, build, python, .. } = &report.setting;
    let pages = words::plural(urls.len() as u64, "page");
    let mut line = match site {
        _ if urls.is_empty() => return "Nothing to fetch.".to_owned(),
        None => format!("{pages} from {}", hosts(&report.setting)),
        Some(site) => {
            let size = match site.size_bytes {
                1024 => String::new(),
                size => format!(" of {}", words::bytes(size)),
            };
            let each = if site.pages == 1 { "" } else { "each " };
            let delay = words::plain(site.delay);
            match (site.delay.is_zero(), site.jitter.is_zero()) {
                (true, true) => format!("{pages}{size}, no delay"),
                (_, true) => format!("{pages}{size}, {each}{delay} away"),
                (_, false) => {
                    let most = words::plain(site.delay + site.jitter);
                    format!("{pages}{size}, {each}{} to {most} away", delay.trim_end_matches(" ms"))
                }
            }
        }
    };
    match limits.concurrency.get() {
        1 => line.push_str(", one at a time"),
        n => line.push_str(&format!(", up to {} at once", words::count(n as u64))),
    }
    if *rounds > 1 {
        line.push_str(&format!(", {rounds} rounds (medians)"));
    }
    if *digest {
        line.push_str(", hashed (the figures include it)");
    }
    if let Some(version) = python {
        line.push_str(&format!(", Python {version}"));
    }
    if build.is_debug() && report.entrants.iter().any(|entrant| entrant.language == Language::Rust)
    {
        let of = if python.is_some() { " of Rust" } else { "" };
        line.push_str(&format!("{DEBUG}: CPU{of} reads high)"));
    }
    line
}

fn hosts(setting: &Setting) -> String {
    let hosts = setting.hosts();
    match hosts.first() {
        Some(host) if hosts.len() == 1 => (*host).to_owned(),
        _ => words::plural(hosts.len() as u64, "host"),
    }
}

/// Rows of which each took either the sum of all its waits or its longest wait.
pub struct TwoKinds<'a, 'r> {
    /// One page after the other; at least one.
    pub by_sum: Vec<&'a Row<'r>>,
    /// All pages at once; at least one.
    pub by_longest: Vec<&'a Row<'r>>,
}

impl<'a, 'r> TwoKinds<'a, 'r> {
    /// Sorts the rows into both kinds, where there are both and they are far enough apart.
    pub fn of(rows: &[&'a Row<'r>]) -> Option<TwoKinds<'a, 'r>> {
        let rows = || rows.iter().copied();
        let by_sum: Vec<_> = rows().filter(|row| is_sum(row)).collect();
        let by_longest: Vec<_> = rows().filter(|row| is_longest(row) && !is_sum(row)).collect();
        let (slow, fast) = (by_sum.first()?, by_longest.first()?);
        let is_whole = by_sum.len() + by_longest.len() == rows().count();
        let are_two = is_whole && are_close(&by_sum) && are_close(&by_longest);
        (are_two && sum(slow) as f64 >= 1.8 * longest(fast) as f64)
            .then_some(TwoKinds { by_sum, by_longest })
    }
}

/// The sum of all waits, the longest wait, or something between.
pub fn kinds_of_time(rows: &[&Row<'_>]) -> Option<String> {
    let slowest = rows.iter().max_by_key(|row| row.wall_us())?;
    let fastest = rows.iter().min_by_key(|row| row.wall_us())?;
    let (most, least) = (slowest.wall_us()?, fastest.wall_us()?);
    if rows.len() < 2 || least == 0 {
        return None;
    }
    let pages = slowest.shown().pages();
    let are_close = are_close(rows);
    if pages == 1 && are_close && rows.iter().all(|row| is_longest(row)) {
        return Some("One page is one wait: no way of waiting can shorten it.".to_owned());
    }
    if let Some(two) = TwoKinds::of(rows) {
        return Some(format!(
            "Two kinds of time: the sum of all waits ({}) or the longest wait ({}).",
            seconds(sum(two.by_sum[0])),
            seconds(longest(two.by_longest[0])),
        ));
    }
    if rows.iter().all(|row| is_sum(row)) && are_close && pages > 1 {
        return Some(
            "One page after the other, however it waits: every wall time is the sum of all waits."
                .to_owned(),
        );
    }
    if rows.iter().all(|row| is_longest(row))
        && are_close
        && sum(slowest) as f64 >= 1.8 * longest(slowest) as f64
    {
        let longest = seconds(longest(slowest));
        return Some(format!(
            "All took about as long as the longest wait ({longest}): the waits lie side by side."
        ));
    }
    if are_close {
        return None;
    }
    let times = most as f64 / least as f64;
    let the_sum = if is_sum(slowest) && pages > 1 { ", the sum of all waits" } else { "" };
    let times =
        if times < 9.95 { format!("{times:.1}") } else { words::count(times.round() as u64) };
    Some(format!(
        "{} took {}{the_sum}; {} took {}: {times} times as fast.",
        slowest.name(),
        words::duration(most),
        fastest.name(),
        words::duration(least),
    ))
}

/// Whether the rows took about as long as each other. Each row's longest wait is its own: where a
/// program notices its pages late, that is a part of its waits.
fn are_close(rows: &[&Row<'_>]) -> bool {
    let walls = || rows.iter().filter_map(|row| row.wall_us());
    let slowest_to_fastest = walls().max().zip(walls().min());
    slowest_to_fastest.is_none_or(|(most, least)| (most as f64) < APART * least as f64)
}

fn sum(row: &Row<'_>) -> u64 {
    row.waits().iter().sum()
}

fn longest(row: &Row<'_>) -> u64 {
    row.waits().iter().max().copied().unwrap_or(0)
}

fn is_sum(row: &Row<'_>) -> bool {
    is_near(row.wall_us(), sum(row), SAME)
}

fn is_longest(row: &Row<'_>) -> bool {
    is_near(row.wall_us(), longest(row), NEARLY)
}

fn is_near(wall: Option<u64>, other: u64, share: f64) -> bool {
    wall.is_some_and(|wall| (wall as f64 - other as f64).abs() <= other as f64 * share)
}

/// When the last process of a pool began to fetch, if its start took longer than any page and is
/// most of the wall time.
fn late_start(row: &Row<'_>) -> Option<u64> {
    let is_process = |outcome: &&OutcomeLine| matches!(outcome.by, Worker::Process(_));
    let mut began: BTreeMap<Worker, u64> = BTreeMap::new();
    for outcome in row.shown().reported().filter(is_process) {
        let first = began.entry(outcome.by).or_insert(outcome.started_us);
        *first = outcome.started_us.min(*first);
    }
    // Where some had no page to fetch, nobody knows when the last process was there.
    if processes_started(row).is_some_and(|started| started != began.len() as u64) {
        return None;
    }
    let last = began.into_values().max()?;
    (last > longest(row) && last * 2 > row.wall_us()?).then_some(last)
}

/// How many processes a pool has started, in either language, if it tells.
fn processes_started(row: &Row<'_>) -> Option<u64> {
    let figures = row.shown().figures();
    let others = figures.others.iter();
    let in_python = others.filter(|(name, _)| name.starts_with("processes started by "));
    let in_python = in_python.map(|(_, processes)| *processes).reduce(|sum, more| sum + more);
    figures.processes_started.or(in_python)
}

/// Whether a start took longer than any page, so that the wall time is neither kind of time.
pub fn is_late(row: &Row<'_>) -> bool {
    late_start(row).is_some() && !is_longest(row)
}

/// A start that took longer than any page is most of the wall time.
fn started_late(row: &Row<'_>) -> Option<String> {
    let began = words::duration(late_start(row)?);
    let wall = words::duration(row.wall_us()?);
    Some(format!(
        "{} took {wall}: its last process was there, and began to fetch, after {began}.",
        row.name()
    ))
}

/// Two digits are enough to tell the two kinds apart: `4.5 s`, `0.45 s`.
pub fn seconds(us: u64) -> String {
    let seconds = us as f64 / 1e6;
    match us {
        995_000.. => format!("{seconds:.1} s"),
        95_000..995_000 => format!("{seconds:.2} s"),
        _ => words::duration(us),
    }
}

/// Numbers of the stages' own.
pub fn figures(rows: &[&Row<'_>]) -> Vec<String> {
    let mut sentences = Vec::new();
    for row in rows {
        let figures = row.shown().figures();
        let reads = figures.failed_reads.filter(|_| row.is_busy());
        sentences.extend(reads.map(|reads| failed_reads(row, reads, rows)));
        sentences.extend(too_few_workers(row, &figures));
        let processes = figures.processes_started.filter(|processes| *processes > 0);
        sentences.extend(processes.map(|processes| started(row, processes, figures.slowest_start)));
        for (name, figure) in figures.others.iter().take(FIGURES) {
            let name = words::cut(&words::escaped(name), 40);
            sentences.push(format!("{}, {name}: {}", row.name(), words::count(*figure)));
        }
    }
    sentences
}

fn failed_reads(busy: &Row<'_>, reads: u64, rows: &[&Row<'_>]) -> String {
    let cpu =
        busy.cpu_us().map(|cpu| format!(": {} of CPU", words::duration(cpu))).unwrap_or_default();
    // Somebody who slept and came as early shows what all the reading was good for.
    let is_as_early = |row: &&Row<'_>| {
        row.sleeps()
            && row.wall_us().zip(busy.wall_us()).is_some_and(|(slept, read)| {
                read as f64 >= slept as f64 * 0.97 && is_near(Some(read), slept, NEARLY)
            })
    };
    let sooner = if rows.iter().any(is_as_early) { ", no page sooner" } else { "" };
    format!("{} read {} times for nothing{cpu}{sooner}.", busy.name(), words::count(reads))
}

/// A pool goes on with fewer workers where the system gives no more.
fn too_few_workers(row: &Row<'_>, figures: &Figures) -> Option<String> {
    let (workers, asked_for) = figures.workers.zip(figures.workers_asked_for)?;
    let kind = match figures.processes_started {
        Some(_) => WorkerKind::Process,
        None => WorkerKind::Thread,
    };
    let name = row.name();
    let (noun, workers_shown) = (kind.noun_for(asked_for), words::count(workers));
    (workers < asked_for).then(|| {
        format!(
            "{name} had {workers_shown} of {} {noun}: the system gave no more, so that fewer pages \
             were in flight than \
             asked for.",
            words::count(asked_for)
        )
    })
}

fn started(row: &Row<'_>, processes: u64, slowest: Option<Duration>) -> String {
    let slowest = slowest.map(|time| words::duration(time.as_micros() as u64));
    let slowest = slowest.map(|time| format!(", the slowest in {time}"));
    let slowest = slowest.unwrap_or_default();
    // Those for which no page was left have waited for none.
    let waited = row.who().filter(|who| who.kind == WorkerKind::Process && who.count < processes);
    let waited = waited.map(|who| format!("; {} of them fetched", words::count(who.count)));
    let processes = words::plural(processes, "process");
    format!("{} started {processes}{slowest}{}.", row.name(), waited.unwrap_or_default())
}

/// The longest sleep on a scale that people can feel.
fn one_a_second(rows: &[&Row<'_>]) -> Option<String> {
    let sleeps = |row: &&&Row<'_>| row.sleeps() && !row.shown().wall_includes_start;
    let slowest = rows.iter().filter(sleeps).filter_map(|row| row.wall_us()).max()?;
    let row = rows.iter().filter(sleeps).find(|row| is_near(row.wall_us(), slowest, SAME))?;
    let wall = words::one_a_second(row.wall_us()?);
    // CPU time that was too short to be counted is not none.
    let work = row.cpu_us().filter(|cpu| *cpu > 0)?;
    let work = words::one_a_second(work);
    Some(format!("{}, at one instruction a second: {wall}, of which {work} at work.", row.name()))
}

/// Stages of one thread that take the same time differ in their code only.
fn tie(rows: &[&Row<'_>]) -> Option<String> {
    let loops: Vec<&Row<'_>> = rows.iter().copied().filter(|row| is_loop(row)).collect();
    let (first, rest) = loops.split_first()?;
    let all_same =
        rest.iter().all(|row| is_near(row.wall_us(), first.wall_us().unwrap_or(0), SAME));
    if !all_same {
        return None;
    }
    if rest.is_empty() {
        return None;
    }
    let chapter = |row: &Row<'_>| row.entrant.stage.as_ref().and_then(|stage| stage.chapter);
    let is_same_stage = |row: &&Row<'_>| row.entrant.name == first.entrant.name;
    let what = if rest.iter().all(is_same_stage) {
        "the language made no difference to the wall time here"
    } else if loops.iter().any(|row| chapter(row) != chapter(first)) {
        "what changed there is the code"
    } else if loops.iter().any(|row| row.entrant.language != first.entrant.language) {
        "neither who says which socket is ready nor the language made a difference here"
    } else {
        "who says which socket is ready made no difference here"
    };
    let names = in_ranges(rows, is_loop);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Some(format!("{} tie: {what}.", words::list(&names)))
}

/// The rows that are meant, those that stand one below the other as *first to last*.
fn in_ranges<'a>(rows: &[&Row<'a>], is_meant: impl Fn(&Row<'a>) -> bool) -> Vec<String> {
    let ranges = rows.chunk_by(|a, b| is_meant(a) == is_meant(b));
    let names = |range: &[&Row<'a>]| match range {
        [first, _, .., last] => {
            let is_in = |language| range.iter().any(|row| row.entrant.language == language);
            if is_in(Language::Rust) && is_in(Language::Python) {
                let [first, last] = [first, last].map(|row| &row.entrant.name);
                vec![format!("{first} to {last} (in both languages)")]
            } else {
                vec![format!("{} to {}", first.name(), last.name())]
            }
        }
        few => few.iter().map(|row| row.name().to_owned()).collect(),
    };
    ranges.filter(|range| is_meant(range[0])).flat_map(names).collect()
}

/// Many fetches in flight on one thread, which sleeps.
fn is_loop(row: &Row<'_>) -> bool {
    row.entrant.stage.as_ref().is_some_and(|stage| !stage.one_at_a_time)
        && row.shown().reported().all(|outcome| outcome.by == Worker::Main)
        && row.sleeps()
}

/// What to try next: where the stages that tie here part ways, and what random delays do.
pub fn next(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let site = report.setting.site.as_ref();
    let Some(site) = site.filter(|site| site.pages > 0) else { return Vec::new() };
    let language = language_option(report);
    let mut next = Vec::new();
    if let [first, .., last] = rows
        && site.pages < 1000
        && tie(&rows.iter().filter(|row| row.is_ok()).collect::<Vec<_>>()).is_some()
    {
        let first = rows.iter().find(|row| is_loop(row)).unwrap_or(first);
        let last = rows.iter().rev().find(|row| is_loop(row) && is_lesson(row)).unwrap_or(last);
        let (first, last) = (&first.entrant.name, &last.entrant.name);
        let both = if first == last { first.clone() } else { format!("{first},{last}") };
        next.push(format!("-s {both}{language} --pages 1000 -c 1000"));
    }
    next.extend(larger_limits(report, rows));
    next.extend(some_jitter(&report.setting, rows));
    let last = rows.iter().filter(|row| row.is_ok());
    let last = last.max_by_key(|row| is_lesson(row));
    next.extend(last.map(|row| {
        // Both languages of a stage are no picture of one.
        let language =
            if row.entrant.language == Language::Python { " --language python" } else { "" };
        format!("-s {}{language}", row.entrant.name)
    }));
    next
}

/// What asks for Python again, beside Rust.
fn language_option(report: &Report) -> &'static str {
    let any = report.entrants.iter().any(|entrant| entrant.language == Language::Python);
    if any { " --python" } else { "" }
}

/// Random delays, where pages came and still come in time with them.
pub fn some_jitter(setting: &Setting, rows: &[Row<'_>]) -> Option<String> {
    const JITTER: Duration = Duration::from_millis(300);
    if rows.iter().all(|row| row.shown().reported().all(|outcome| outcome.error.is_some())) {
        return None;
    }
    let site = setting.site.as_ref().filter(|site| site.jitter.is_zero())?;
    let comes_in_time = site.delay + JITTER < setting.limits.deadline;
    (comes_in_time && site.size_bytes <= setting.limits.max_body_bytes)
        .then(|| format!("--jitter {}ms", JITTER.as_millis()))
}

/// The options with which pages of the practice site would come that failed because it is slower,
/// or its pages are larger, than a fetch may be.
pub fn larger_limits(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let Setting { site: Some(site), limits, .. } = &report.setting else { return Vec::new() };
    let slowest = site.delay + site.jitter;
    let deadline = (slowest >= limits.deadline && any_failed(rows, ErrorKind::Timeout))
        .then(|| format!("--deadline {}s", slowest.as_secs() + 5));
    let max_body = (site.size_bytes > limits.max_body_bytes
        && any_failed(rows, ErrorKind::TooLarge))
    .then(|| format!("--max-body {}MiB", site.size_bytes.div_ceil(1 << 20)));
    // A page of the site says how large its body is, so a fetch that does not know met the other
    // limit first.
    let met_in_head = any_error(rows, |error| {
        error.kind == ErrorKind::TooLarge && error.expected_bytes.is_none()
    });
    let default = Limits::default().max_head_bytes;
    let max_head = (limits.max_head_bytes < default && met_in_head)
        .then(|| format!("--max-head {}KiB", default >> 10));
    deadline.into_iter().chain(max_head).chain(max_body).collect()
}

fn any_failed(rows: &[Row<'_>], kind: ErrorKind) -> bool {
    any_error(rows, |error| error.kind == kind)
}

fn any_error(rows: &[Row<'_>], is_it: impl Fn(&ErrorLine) -> bool) -> bool {
    rows.iter().any(|row| row.worst().reported().any(|o| o.error.as_ref().is_some_and(&is_it)))
}

/// Which limit a page met, and the option that sets it.
fn limits(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let limits = &report.setting.limits;
    let timeout = any_failed(rows, ErrorKind::Timeout)
        .then(|| format!("A fetch has {} (--deadline).", words::plain(limits.deadline)));
    let too_large = any_failed(rows, ErrorKind::TooLarge).then(|| {
        let (head, body) = (limits.max_head_bytes as u64, limits.max_body_bytes);
        format!(
            "A head has {} at most (--max-head), and a body {} (--max-body).",
            words::bytes(head),
            words::bytes(body)
        )
    });
    timeout.into_iter().chain(too_large).collect()
}

/// Whether there is a chapter about it: the yardstick is only there to be compared with.
fn is_lesson(row: &Row<'_>) -> bool {
    row.entrant.stage.as_ref().is_none_or(|stage| stage.chapter.is_some())
}

/// What failed, and the limits that had to do with it.
pub fn failures(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let mut sentences = failed(report, rows);
    if !sentences.is_empty() {
        sentences.extend(limits(report, rows));
    }
    sentences.extend(too_few_descriptors(report));
    sentences
}

/// Whoever wonders why pages failed is told where a process has too few descriptors for so many,
/// and how many are enough.
pub fn too_few_descriptors(report: &Report) -> Option<String> {
    let (setting, needed) = (&report.setting, report.setting.descriptors_needed());
    let has = setting.machine.descriptors.filter(|has| *has < needed)?;
    // The site that belongs to the runner lacks them too, and then it is slow; another one fails
    // for reasons of its own.
    let has_own_site = setting.site.is_some();
    let may_lack = |run: &Run| {
        let errors = run.reported().filter_map(|outcome| outcome.error.as_ref());
        run.failed() > 0 && (has_own_site || errors.into_iter().any(|it| it.kind == ErrorKind::Io))
    };
    report.runs.iter().any(may_lack).then(|| {
        // The soft limit has been raised to the hard one, which only root can raise.
        format!(
            "A process has {} descriptors here, too few for {} fetches at once: ulimit -n \
             {needed}, as root, allows them.",
            words::count(has as u64),
            words::count(setting.most_in_flight() as u64)
        )
    })
}

/// What failed, told once where it failed everywhere.
fn failed(report: &Report, rows: &[Row<'_>]) -> Vec<String> {
    let ran: Vec<&Row<'_>> = rows.iter().filter(|row| row.skipped().is_none()).collect();
    let failed: Vec<BTreeMap<usize, &str>> =
        ran.iter().map(|row| failed_kinds(row.worst())).collect();
    let Some(first) = failed.first() else { return Vec::new() };
    if failed.len() > 1 && !first.is_empty() && failed.iter().all(|other| other == first) {
        let what = named(report, ran[0].worst());
        return vec![format!(
            "At every stage {} failed. {what}.",
            words::plural(first.len() as u64, "page")
        )];
    }
    let some = ran.iter().filter(|row| row.failed() > 0 && row.fault().is_none());
    some.map(|row| {
        let pages = words::plural(row.failed() as u64, "page");
        format!("{}: {pages} failed. {}.", row.name(), named(report, row.worst()))
    })
    .collect()
}

/// Whose picture of sleep may be something else, where the system does not tell.
pub fn may_be_runnable(rows: &[&Row<'_>]) -> Option<String> {
    let is_drawn =
        |row: &&&Row<'_>| row.runnable().is_none() && !row.is_busy() && row.who().is_some();
    let unknown: Vec<&str> = rows.iter().filter(is_drawn).map(|row| row.name()).collect();
    let (whose, there) = match unknown.len() {
        0 => return None,
        all if all == rows.len() => (String::new(), "here"),
        1..=3 => (format!(" of {}", words::list(&unknown)), "there"),
        more => {
            let is_python = |row: &&Row<'_>| row.entrant.language == Language::Python;
            let what = if rows.iter().any(is_python) { "rows" } else { "stages" };
            (format!(" of {more} {what}"), "there")
        }
    };
    Some(format!("Sleep{whose} includes waiting for a processor, which is not measured {there}."))
}

/// Whose wall time is more than its crawl.
pub fn includes_start(row: &Row<'_>) -> Option<String> {
    let name = row.name();
    row.shown().wall_includes_start.then(|| {
        format!("{name} reported no wall time: it is that of its whole life, its start included.")
    })
}

/// Which fetches seem to have blocked the loop.
pub fn blocked(report: &Report, row: &Row<'_>) -> Option<String> {
    let all = Blocked::all(row.shown());
    let worst = all.iter().max_by_key(|blocked| blocked.us())?;
    let more = match all.len() - 1 {
        0 => String::new(),
        more => format!(", and {more} more for less"),
    };
    Some(format!(
        "{}: {} blocked the event loop for {}{more}: no other fetch moved meanwhile, and {} moved \
         as soon as it ended \
         (inferred from the times).",
        row.name(),
        report.setting.short_url(worst.target),
        words::duration(worst.us()),
        words::count(worst.moved as u64),
    ))
}

/// That the runner was stopped during a run, so that its times are not those of the stage.
pub fn stopped(row: &Row<'_>) -> Option<String> {
    let stopped = row.runs.iter().map(|run| run.stopped_us).max().filter(|stopped| *stopped > 0)?;
    Some(was_stopped(row.name(), stopped))
}

/// The same about one run.
pub fn was_stopped(name: &str, stopped_us: u64) -> String {
    format!(
        "{name}: the runner stood still for {} meanwhile (stopped by Ctrl-Z or SIGSTOP), and the \
         clock went on, so that \
         its times and timeouts are not those of {name}.",
        words::duration(stopped_us)
    )
}

/// That a run is taken again, because the runner was stopped during it.
pub fn taken_again(name: &str, stopped_us: u64) -> String {
    format!(
        "{name}: the runner stood still for {} meanwhile (stopped by Ctrl-Z or SIGSTOP), so this \
         run is taken again.",
        words::duration(stopped_us)
    )
}

fn failed_kinds(run: &Run) -> BTreeMap<usize, &'static str> {
    let kinds = run.reported().filter_map(|o| Some((o.target, o.error.as_ref()?.kind.word())));
    kinds.collect()
}

/// `/slow: timeout (no answer within 10 s); /3 and 7 more: io (…)`: what failed alike is told once.
fn named(report: &Report, run: &Run) -> String {
    let mut alike: Vec<(&ErrorLine, usize, u64)> = Vec::new();
    let mut places: HashMap<(ErrorKind, &str), usize> = HashMap::new();
    for (target, error) in run.reported().filter_map(|o| Some((o.target, o.error.as_ref()?))) {
        let place = *places.entry((error.kind, &error.message)).or_insert(alike.len());
        match alike.get_mut(place) {
            Some((.., pages)) => *pages += 1,
            None => alike.push((error, target, 1)),
        }
    }
    let named = alike.iter().take(NAMED).map(|(error, target, pages)| {
        let message = words::cut(&words::escaped(&error.message), 160);
        let path = report.setting.short_url(*target);
        let more = if *pages > 1 {
            format!(" and {} more", words::count(pages - 1))
        } else {
            String::new()
        };
        format!("{path}{more}: {} ({message})", error.kind)
    });
    let mut parts: Vec<String> = named.collect();
    let rest: u64 = alike.iter().skip(NAMED).map(|(.., pages)| pages).sum();
    parts.extend((rest > 0).then(|| format!("and {} in other ways", words::count(rest))));
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::sample::report;

    /// The stages after a program that notices each page so many times as late as they do.
    fn beside_a_late_program(stages: &str, pages: usize, times: u64) -> String {
        let mut report =
            report(&format!("{stages},piece"), &["piece=./piece"]).with_pages(pages).run();
        let piece = report.entrants.len() - 1;
        for run in report.runs.iter_mut().filter(|run| run.entrant == piece) {
            run.usage.wall_us = run.usage.wall_us.map(|wall| wall * times);
            for outcome in run.outcomes.iter_mut().flatten() {
                outcome.finished_us = outcome.finished_us.map(|finished| finished * times);
            }
        }
        let rows = report.rows();
        kinds_of_time(&rows.iter().collect::<Vec<_>>()).unwrap()
    }

    /// Such as the piece `lost-wakeup`: its longest wait is its own, and not that of the stage.
    #[test]
    fn a_longest_wait_that_is_much_longer_than_another_is_told() {
        let same =
            "All took about as long as the longest wait (0.45 s): the waits lie side by side.";
        assert_eq!(beside_a_late_program("async-await", 10, 1), same);
        let told = "piece took 4.51 s; async-await took 451 ms: 10 times as fast.";
        assert_eq!(beside_a_late_program("async-await", 10, 10), told);
        assert_eq!(beside_a_late_program("async-await", 1, 10), told);
        let told = "blocking took 4.51 s, the sum of all waits; async-await took 451 ms: 10 times as fast.";
        assert_eq!(beside_a_late_program("blocking,async-await", 10, 3), told);
    }

    /// Five processes of a pool, of which so many fetched from 3.2 ms on, and this wall time.
    fn pool(fetched: u32, wall_us: u64) -> Option<String> {
        let mut report = report("process-pool", &[]).with_pages(5).run();
        let run = &mut report.runs[0];
        run.usage.wall_us = Some(wall_us);
        for outcome in run.outcomes.iter_mut().flatten() {
            outcome.by = Worker::Process(1 + outcome.target as u32 % fetched);
            outcome.started_us = 3_200;
            outcome.finished_us = Some(3_500);
        }
        started_late(&report.rows()[0])
    }

    #[test]
    fn a_late_start_is_told_where_it_is_most_of_the_time_and_all_fetched() {
        let told = pool(5, 4_000).unwrap();
        assert!(told.contains("its last process was there, and began to fetch, after 3.2 ms"));
        assert_eq!(pool(1, 4_000), None, "four had no page, and may have come later");
        assert_eq!(pool(5, 16_000), None, "something else took longer");
    }

    #[test]
    fn jitter_is_proposed_where_a_page_came() {
        let mut report = report("blocking", &[]).with_pages(3).run();
        let proposed = |report: &Report| some_jitter(&report.setting, &report.rows());
        assert_eq!(proposed(&report).as_deref(), Some("--jitter 300ms"));
        for outcome in report.runs[0].outcomes.iter_mut().flatten() {
            outcome.error = Some(ErrorLine {
                kind: ErrorKind::TooLarge,
                message: "large".to_owned(),
                phase: None,
                bytes: 0,
                expected_bytes: None,
            });
        }
        assert_eq!(proposed(&report), None);
    }
}
