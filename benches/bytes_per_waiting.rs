//! What one that waits keeps in memory: a fetch in chapters 5 to 8, a future, a task, a coroutine,
//! a thread, a process.
//!
//!     cargo run --release -p benches --bin bytes-per-waiting
//!
//! It lets many wait, and divides by their number what the process has grown meanwhile. Each kind
//! has a fresh process, so that none inherits the memory of the one before. What the kernel keeps
//! for a socket, a thread or a process comes in addition.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio, id};
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, future, hint, thread};

use benches::{SiteProcess, become_another_process_if_asked, crawl, room_for, targets};
use stage_06_generator_task::{Generator, Stackful, Yielder};
use stage_runner::stages;

/// How far away the pages are: long enough that all fetches have begun before the first one ends.
const DELAY: Duration = Duration::from_secs(2);

/// As many as `select` has places for, 1,024, but for what else is open.
const SELECT: usize = 1_000;

/// A kind that waits: its name, how many of them, and what makes them wait and says how many
/// bytes that took.
type Kind = (&'static str, usize, fn(usize) -> Option<u64>);

const KINDS: [Kind; 5] = [
    ("future, boxed", 10_000, futures),
    ("task of tokio", 10_000, tokio_tasks),
    ("generator with a stack", 10_000, coroutines),
    ("thread", 1_000, threads),
    ("process", 20, processes),
];

/// The first argument, when this program is started again only to measure one kind, or to wait.
const MEASURE: &str = "--measure";
const WAIT: &str = "--wait";

fn main() {
    become_another_process_if_asked();
    let arguments: Vec<_> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => table(),
        [MEASURE, kind, count, site] => {
            let count = count.parse().expect("a number");
            let measured = measure(kind, count, site);
            println!("{}", measured.map_or_else(|reason| reason, |bytes| bytes.to_string()));
        }
        [WAIT] => wait(),
        _ => eprintln!("It takes no arguments, and prints what one that waits keeps in memory."),
    }
}

fn table() {
    let mut fetches = 10_000;
    while let Err(reason) = room_for(fetches) {
        println!("fewer than {fetches} fetches: {reason}");
        fetches /= 10;
    }
    if fetches < 1_000 {
        println!("Their figures are too large: so few share what a loop has once, as its buffer.");
    }
    let site = SiteProcess::start();
    let site = site.destinations();
    println!("{:30} {:>9} {:>10}", "what waits", "how many", "bytes each");
    for stage in stages::all().filter(|stage| stage.number >= Some(5)) {
        if let Err(reason) = (stage.available)() {
            println!("fetch, {}: skipped: {reason}", stage.name);
            continue;
        }
        let fetches = if stage.name == "select" { fetches.min(SELECT) } else { fetches };
        tell(&format!("fetch, {}", stage.name), stage.name, fetches, &site);
    }
    for (name, count, _) in KINDS {
        tell(name, name, count, &site);
    }
    println!("\nWhat the kernel keeps for each (socket, thread, process) comes in addition.");
}

/// Has a fresh process measure it.
fn tell(title: &str, kind: &str, count: usize, site: &str) {
    let output = this_program().args([MEASURE, kind, &count.to_string(), site]).output();
    let output = output.expect("a process to measure in");
    let said = String::from_utf8_lossy(&output.stdout);
    match (said.trim().parse::<u64>(), said.trim()) {
        (Ok(bytes), _) => println!("{title:30} {count:>9} {:>10}", bytes / count as u64),
        (Err(_), "") => println!("{title:30} {count:>9} {:>10}  {}", "–", output.status),
        (Err(_), reason) => println!("{title:30} {count:>9} {:>10}  {reason}", "–"),
    }
}

/// How many bytes so many of a kind take. An error says why it is not known.
fn measure(kind: &str, count: usize, site: &str) -> Result<u64, String> {
    let bytes = match KINDS.iter().find(|(name, ..)| *name == kind) {
        Some((.., wait)) => wait(count),
        None => fetches(kind, count, site)?,
    };
    bytes.ok_or_else(|| "this system does not tell".to_owned())
}

/// Between the start of a crawl and its peak.
fn fetches(stage: &str, count: usize, site: &str) -> Result<Option<u64>, String> {
    let stage = stages::find(stage).map_err(|_| "no such stage")?[0];
    let targets = targets(site, count, DELAY);
    let start = reset_peak().and_then(|()| of_this_process("VmRSS:"));
    crawl(stage, &targets, count)?;
    Ok(of_this_process("VmHWM:").zip(start).map(|(peak, start)| peak - start))
}

fn futures(count: usize) -> Option<u64> {
    growth(|| {
        let mut futures: Vec<_> = (0..count).map(|number| Box::pin(waiting(number))).collect();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        for future in &mut futures {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
        futures
    })
}

fn tokio_tasks(count: usize) -> Option<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    growth(|| {
        let tasks: Vec<_> = (0..count).map(|number| runtime.spawn(waiting(number))).collect();
        // Each has its turn, and waits.
        runtime.block_on(tokio::task::yield_now());
        (0..count / 10).for_each(|_| runtime.block_on(tokio::task::yield_now()));
        tasks
    })
}

async fn waiting(number: usize) {
    future::pending::<()>().await;
    hint::black_box(number);
}

fn coroutines(count: usize) -> Option<u64> {
    growth(|| {
        let mut all = Vec::new();
        for number in 0..count {
            let body = move |yielder: &Yielder<(), usize>, ()| {
                yielder.suspend(number);
                Ok(())
            };
            let mut coroutine = Stackful::new(body).expect("memory for a stack");
            let _ = coroutine.resume(());
            all.push(coroutine);
        }
        all
    })
}

fn threads(count: usize) -> Option<u64> {
    let (sender, asleep) = mpsc::channel();
    growth(|| {
        for _ in 0..count {
            let sender = sender.clone();
            let thread = thread::Builder::new().spawn(move || {
                let _ = sender.send(());
                loop {
                    thread::park();
                }
            });
            thread.expect("one more thread");
        }
        asleep.iter().take(count).for_each(drop);
    })
}

/// What each has for itself; what it shares with the others are the pages of the program.
fn processes(count: usize) -> Option<u64> {
    let start = || {
        let mut process = this_program();
        process.arg(WAIT).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = process.spawn().expect("one more process");
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut String::new()).expect("it says that it runs");
        process
    };
    let mut all: Vec<_> = (0..count).map(|_| start()).collect();
    let bytes = all.iter().map(|process| of_process(process.id(), "RssAnon:")).sum();
    for process in &mut all {
        drop(process.stdin.take()); // which ends it
        let _ = process.wait();
    }
    bytes
}

fn wait() {
    println!("I wait.");
    let _ = io::stdin().read_line(&mut String::new());
}

fn this_program() -> Command {
    Command::new(env::current_exe().expect("this program has a path"))
}

/// By how much this process grows when it makes something and keeps it.
fn growth<T>(make: impl FnOnce() -> T) -> Option<u64> {
    let before = of_this_process("VmRSS:")?;
    let _kept = make();
    Some(of_this_process("VmRSS:")?.saturating_sub(before))
}

/// Makes the memory of this moment the peak.
fn reset_peak() -> Option<()> {
    fs::write("/proc/self/clear_refs", "5").ok()
}

fn of_this_process(field: &str) -> Option<u64> {
    of_process(id(), field)
}

/// Bytes of memory, by the system's name for them; Linux tells.
fn of_process(id: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    Some(value.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
