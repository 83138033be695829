//! The one table of stages: a stage is in it, or it does not exist.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use crawl::{Limits, Outcome, Target};
use selectors::Kind;
use serde::Serialize;
use stage_02_process_pool as process_pool;
use stage_03_thread_pool as thread_pool;
use stage_05_callbacks as callbacks;
use stage_06_generator_task as generator_task;
use stage_10_many_loops::processes as many_processes;
use stage_program::{Extra, Figures};

/// One way to wait.
pub struct Stage {
    /// The chapter that it belongs to; the yardstick belongs to none.
    pub number: Option<u8>,
    /// Its name on the command line and in the tables.
    pub name: &'static str,
    /// Other names that people will try.
    pub aliases: &'static [&'static str],
    /// How it waits, after "1 thread, ".
    pub summary: &'static str,
    /// Where its source is.
    pub source: &'static str,
    /// Whether it waits for one page after the other, however many it may have in flight.
    pub one_at_a_time: bool,
    /// What the system tells whoever waits for many sockets at once. `None`: it waits for one.
    pub told: Option<Told>,
    /// Whether it runs only when its name says so, because here it is the same as another stage.
    pub only_by_name: bool,
    /// Whether it is a step inside of a chapter: it runs only when its name says so, and no list
    /// has it.
    pub hidden: bool,
    /// The stage.
    pub crawl: Crawl,
    /// Whether it can run on this system, or why not.
    pub available: fn() -> Result<(), String>,
    /// What only it can tell about its crawl, to be asked for after it in the same process.
    pub extra: fn() -> Extra,
}

/// What the system tells whoever waits for many sockets at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// Which sockets are ready: the stage then makes its calls itself.
    Readiness,
    /// Which calls are done: the system has made them.
    Completion,
}

/// The whole interface of a stage.
pub type Crawl = fn(&[Target], &Limits, &mut dyn FnMut(Outcome)) -> io::Result<()>;

/// All stages, in the order of the chapters, and then the yardstick.
pub const STAGES: &[Stage] = &[
    Stage {
        number: Some(1),
        name: "blocking",
        aliases: &[],
        summary: "each call sleeps until its answer is there",
        source: "crates/01-blocking/src",
        one_at_a_time: true,
        crawl: stage_01_blocking::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(2),
        name: "process-pool",
        aliases: &["processes", "process"],
        summary: "each process sleeps in its own call",
        source: "crates/02-process-pool/src",
        crawl: |targets, limits, done| {
            let figures = process_pool::crawl_with_figures(targets, limits, done)?;
            keep(processes(&figures, asked_for(targets, limits)));
            Ok(())
        },
        extra: kept,
        ..PLAIN
    },
    Stage {
        number: Some(3),
        name: "thread-pool",
        aliases: &["threads", "thread"],
        summary: "each thread sleeps in its own call",
        source: "crates/03-thread-pool/src",
        crawl: |targets, limits, done| {
            let figures = thread_pool::crawl_with_figures(targets, limits, done)?;
            keep(threads(&figures, asked_for(targets, limits)));
            Ok(())
        },
        extra: kept,
        ..PLAIN
    },
    Stage {
        number: Some(4),
        name: "busy-wait",
        aliases: &["nonblocking", "non-blocking"],
        summary: "never sleeps, asks one socket again and again",
        source: "crates/04-busy-wait/src",
        one_at_a_time: true,
        crawl: stage_04_busy_wait::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(4),
        name: "busy-wait-all",
        aliases: &[],
        summary: "never sleeps, asks all sockets in turn",
        source: "crates/04-busy-wait/src",
        crawl: stage_04_busy_wait::crawl_all,
        ..PLAIN
    },
    Stage {
        number: Some(5),
        name: "select",
        aliases: &[],
        summary: "callbacks, select says which socket is ready",
        source: "crates/05-callbacks/src",
        told: Some(Told::Readiness),
        crawl: |targets, limits, done| callbacks::crawl_with(Kind::Select, targets, limits, done),
        ..PLAIN
    },
    Stage {
        number: Some(5),
        name: "poll",
        aliases: &[],
        summary: "callbacks, poll says which socket is ready",
        source: "crates/05-callbacks/src",
        told: Some(Told::Readiness),
        crawl: |targets, limits, done| callbacks::crawl_with(Kind::Poll, targets, limits, done),
        ..PLAIN
    },
    Stage {
        number: Some(5),
        name: "epoll",
        aliases: &["callbacks"],
        summary: if cfg!(target_os = "linux") {
            "callbacks, epoll says which socket is ready"
        } else {
            "callbacks, the platform's best says what is ready"
        },
        source: "crates/05-callbacks/src",
        told: Some(Told::Readiness),
        crawl: |targets, limits, done| callbacks::crawl_with(Kind::Best, targets, limits, done),
        ..PLAIN
    },
    Stage {
        number: Some(5),
        name: "polling",
        aliases: &["kqueue", "iocp"],
        summary: "callbacks, the crate polling asks the system",
        source: "crates/05-callbacks/src",
        told: Some(Told::Readiness),
        only_by_name: cfg!(not(target_os = "linux")), // where `epoll` runs on it
        crawl: |targets, limits, done| callbacks::crawl_with(Kind::Polling, targets, limits, done),
        ..PLAIN
    },
    Stage {
        number: Some(6),
        name: "generator-task",
        aliases: &["generator", "task", "coroutine"],
        summary: "a Task resumes a generator when its Future is done",
        source: "crates/06-generator-task/src",
        told: Some(Told::Readiness),
        crawl: generator_task::crawl,
        available: || generator_task::NO_STACKS.map_or(Ok(()), |why| Err(why.to_owned())),
        ..PLAIN
    },
    Stage {
        number: Some(7),
        name: "yield-from-flat",
        summary: "one generator that waits for everything itself",
        source: "crates/07-yield-from/src",
        told: Some(Told::Readiness),
        hidden: true,
        crawl: stage_07_yield_from::flat::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(7),
        name: "yield-from",
        aliases: &[],
        summary: "generators resumed through one another",
        source: "crates/07-yield-from/src",
        told: Some(Told::Readiness),
        crawl: stage_07_yield_from::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(8),
        name: "async-await",
        aliases: &["async", "await"],
        summary: "async functions, woken and asked again",
        source: "crates/08-async-await/src",
        told: Some(Told::Readiness),
        crawl: stage_08_async_await::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(8),
        name: "async-await-by-hand",
        summary: "the compiler's state machine, written by hand",
        source: "crates/08-async-await/src",
        told: Some(Told::Readiness),
        hidden: true,
        crawl: stage_08_async_await::by_hand::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(9),
        name: "asyncio",
        aliases: &[],
        summary: "the library a Python programmer expects: streams",
        source: "crates/09-asyncio/src",
        told: Some(Told::Readiness),
        crawl: stage_09_asyncio::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(9),
        name: "asyncio-socket",
        aliases: &[],
        summary: "the same library, one level below: sockets",
        source: "crates/09-asyncio/src",
        told: Some(Told::Readiness),
        crawl: stage_09_asyncio::crawl_with_sockets,
        ..PLAIN
    },
    Stage {
        number: Some(10),
        name: "many-loops",
        aliases: &["loops"],
        summary: "a loop on each core, each takes what it can",
        source: "crates/10-many-loops/src",
        told: Some(Told::Readiness),
        crawl: stage_10_many_loops::crawl,
        ..PLAIN
    },
    Stage {
        number: Some(10),
        name: "many-processes",
        aliases: &["loop-processes"],
        summary: "a process with a loop on each core",
        source: "crates/10-many-loops/src",
        told: Some(Told::Readiness),
        crawl: |targets, limits, done| {
            let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
            let figures = many_processes::crawl_on(cores, targets, limits, done)?;
            keep(processes(&figures, asked_for(targets, limits).min(cores)));
            Ok(())
        },
        extra: kept,
        ..PLAIN
    },
    Stage {
        number: Some(11),
        name: "io-uring",
        aliases: &["uring", "iouring"],
        summary: "the system makes the calls and says what is done",
        source: "crates/11-io-uring/src",
        told: Some(Told::Completion),
        crawl: stage_11_io_uring::crawl,
        available: stage_11_io_uring::available,
        ..PLAIN
    },
    Stage {
        name: "tokio",
        summary: "what you would use at work",
        source: "crates/reference-tokio/src",
        told: Some(Told::Readiness),
        crawl: reference_tokio::crawl,
        ..PLAIN
    },
];

/// What most stages have in common: they run everywhere and count nothing of their own.
const PLAIN: Stage = Stage {
    number: None,
    name: "",
    aliases: &[],
    summary: "",
    source: "",
    one_at_a_time: false,
    told: None,
    only_by_name: false,
    hidden: false,
    crawl: |_, _, _| Ok(()),
    available: || Ok(()),
    extra: Extra::default,
};

/// What the last pool of this process has told. One that failed has told nothing.
static POOL: Mutex<Option<Extra>> = Mutex::new(None);

fn keep(extra: Extra) {
    *POOL.lock().expect("nobody panics with it") = Some(extra);
}

fn kept() -> Extra {
    POOL.lock().expect("nobody panics with it").take().unwrap_or_default()
}

/// How many workers a pool asks for.
fn asked_for(targets: &[Target], limits: &Limits) -> usize {
    limits.concurrency.get().min(targets.len())
}

fn processes(pool: &process_pool::Figures, asked_for: usize) -> Extra {
    let has_started = pool.started > 0;
    let figures = Figures {
        workers: Some(pool.workers.into()),
        workers_asked_for: Some(asked_for as u64),
        processes_started: Some(pool.started.into()),
        slowest_start: has_started.then_some(pool.longest_start),
        ..Figures::default()
    };
    Extra { figures, workers_private_bytes: pool.private_bytes }
}

fn threads(pool: &thread_pool::Figures, asked_for: usize) -> Extra {
    let figures = Figures {
        workers: Some(pool.workers.into()),
        workers_asked_for: Some(asked_for as u64),
        ..Figures::default()
    };
    Extra { figures, ..Extra::default() }
}

/// The stages that run where none is named.
pub fn all() -> impl Iterator<Item = &'static Stage> {
    STAGES.iter().filter(|stage| stage.runs_unnamed())
}

impl Stage {
    /// Whether it runs where it is not named: in `all`, and in its chapter.
    pub fn runs_unnamed(&self) -> bool {
        !self.only_by_name && !self.hidden
    }
}

/// The stages that a word stands for: a name, an alias, a chapter's number, or the first and last
/// of several: `5-8`.
///
/// # Errors
/// No stage has that name; the message names the nearest.
pub fn find(word: &str) -> Result<Vec<&'static Stage>, Unknown> {
    let wanted = word.trim().to_ascii_lowercase().replace('_', "-");
    let chapters = chapters(&wanted);
    let is_wanted = |stage: &&Stage| {
        stage.name == wanted
            || stage.aliases.contains(&wanted.as_str())
            || stage.runs_unnamed()
                && stage
                    .number
                    .zip(chapters)
                    .is_some_and(|(number, (from, to))| (from..=to).contains(&number))
    };
    let found: Vec<_> = STAGES.iter().filter(is_wanted).collect();
    if found.is_empty() { Err(Unknown) } else { Ok(found) }
}

/// `5`, `05` or `5-8`: the first and the last chapter, where both exist.
fn chapters(word: &str) -> Option<(u8, u8)> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let chapter = |text: &str| {
        let number =
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??;
        STAGES.iter().any(|stage| stage.number == Some(number)).then_some(number)
    };
    Some((chapter(from)?, chapter(to)?)).filter(|(from, to)| from <= to)
}

/// No stage has that name.
#[derive(Debug)]
pub struct Unknown;

/// `8-5`, where `5-8` was meant: chapters are counted up.
pub fn turned_around(word: &str) -> Option<String> {
    let (from, to) = word.split_once('-')?;
    let turned = format!("{to}-{from}");
    chapters(&turned).map(|_| turned)
}

/// Whether somebody who wrote `word` meant chapters, and not a name: `99`, `5-12`, `1-`.
pub fn is_like_chapters(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || c == '-')
}

/// The name among `names` that somebody who wrote `word` may have meant. In a short word fewer
/// letters may be wrong.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(&word.to_lowercase(), name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_stands_for_one_thing() {
        let mut words = Vec::new();
        for stage in STAGES {
            words.push(stage.name);
            words.extend(stage.aliases);
        }
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all, "a name or alias is there twice: {words:?}");
        assert!(STAGES.is_sorted_by_key(|stage| stage.number.unwrap_or(u8::MAX)));
    }

    /// A stage that has one worker and several pages in flight is told of them, or asks in vain.
    #[test]
    fn a_stage_is_told_of_readiness_or_of_completion() {
        let told = |name| STAGES.iter().find(|stage| stage.name == name).unwrap().told;
        for name in ["blocking", "process-pool", "thread-pool", "busy-wait", "busy-wait-all"] {
            assert_eq!(told(name), None, "{name}");
        }
        for stage in STAGES.iter().filter(|stage| stage.number.is_none_or(|number| number > 4)) {
            let expected = match stage.number {
                Some(11) => Told::Completion,
                _ => Told::Readiness,
            };
            assert_eq!(stage.told, Some(expected), "{}", stage.name);
        }
    }

    #[test]
    fn names_aliases_and_chapters() {
        let names = |word| find(word).unwrap().iter().map(|stage| stage.name).collect::<Vec<_>>();
        assert_eq!(names("epoll"), ["epoll"]);
        assert_eq!(names("kqueue"), ["polling"], "by name it runs on every system");
        assert_eq!(names("5").contains(&"polling"), cfg!(target_os = "linux"));
        assert_eq!(names("yield-from-flat"), ["yield-from-flat"]);
        assert_eq!(names("7"), ["yield-from"], "the step inside of the chapter is not named");
        assert_eq!(names("Threads"), ["thread-pool"]);
        assert_eq!(names("thread_pool"), ["thread-pool"]);
        assert!(names("5").contains(&"epoll") && names("05").contains(&"epoll"));
        assert_eq!(names("1-3"), ["blocking", "process-pool", "thread-pool"]);
        assert_eq!(names("07-8"), ["yield-from", "async-await"]);
        for bad in ["8-7", "5-99", "5-", "-5", "+5", "1-2-3", "0-3"] {
            assert!(find(bad).is_err(), "{bad}");
        }
        assert!(find("99").is_err() && find("").is_err() && find("0").is_err());
    }

    #[test]
    fn the_nearest_name() {
        let names = || STAGES.iter().map(|stage| stage.name);
        assert_eq!(nearest("epol", names()), Some("epoll"));
        assert_eq!(nearest("bloking", names()), Some("blocking"));
        assert_eq!(nearest("thread-pol", names()), Some("thread-pool"));
        assert_eq!(nearest("quantum", names()), None);
        assert_eq!(nearest("run", ["man", "site"].into_iter()), None);
        assert_eq!(nearest("stie", ["man", "site"].into_iter()), Some("site"));
        assert_eq!(turned_around("8-5").as_deref(), Some("5-8"));
        assert_eq!((turned_around("5-8"), turned_around("a-b")), (None, None));
    }
}
