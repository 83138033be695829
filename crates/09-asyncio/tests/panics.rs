//! A panic in a fetch is an error in this program. It ends the crawl, and
//! so does `done` when it cancels a fetch: no crawl waits for an outcome
//! that never comes.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crawl::{Limits, Outcome, Target, Url};
use practice_site::{Config, Site};
use stage_09_asyncio as asyncio;

type Done<'a> = &'a mut dyn FnMut(Outcome);
type Crawl = fn(&[Target], &Limits, Done<'_>) -> io::Result<()>;

const FORMS: [Crawl; 2] = [asyncio::crawl, asyncio::crawl_with_sockets];

/// After so many notes of fetches the next one panics.
static LEFT: AtomicI32 = AtomicI32::new(0);

/// The recorder calls this while a fetch takes a note, but also while the
/// loop itself does, outside of all tasks.
fn panic_in_a_fetch() -> Option<u64> {
    if asyncio::current_task().is_some() {
        let left = LEFT.fetch_sub(1, Ordering::Relaxed);
        assert_ne!(left, 0, "this panic is a part of the test");
    }
    None
}

/// How the crawl of 30 pages ends: the words of its panic or error.
fn crawl(
    form: Crawl,
    at_once: usize,
    mut done: impl FnMut() + Send + 'static,
) -> String {
    let (ended, end) = channel();
    thread::spawn(move || {
        let site = Site::start(Config::default()).unwrap();
        let url = Url::parse(&site.url("/1?delay=20ms")).unwrap();
        let targets = vec![Target::new(url, site.address()); 30];
        let concurrency = at_once.try_into().unwrap();
        let limits = Limits { concurrency, ..Limits::default() };
        let crawl = || form(&targets, &limits, &mut |_| done());
        let words = match catch_unwind(AssertUnwindSafe(crawl)) {
            Ok(result) => result.unwrap_err().to_string(),
            Err(panic) => match panic.downcast::<String>() {
                Ok(words) => *words,
                Err(panic) => {
                    (*panic.downcast_ref::<&str>().unwrap()).into()
                }
            },
        };
        ended.send(words).unwrap();
    });
    end.recv_timeout(Duration::from_secs(20)).expect("the crawl ends")
}

/// In one test: the recorder is one for the whole program.
#[test]
fn a_panic_ends_the_crawl() {
    recorder::begin(0, panic_in_a_fetch);
    for form in FORMS {
        // In the first step of a fetch, and later.
        for notes in [0, 50] {
            LEFT.store(notes, Ordering::Relaxed);
            let told = Arc::new(AtomicI32::new(0));
            let tell = told.clone();
            let words = crawl(form, 10, move || {
                tell.fetch_add(1, Ordering::Relaxed);
            });
            assert!(words.contains("panic"), "{words}");
            // It does not go on with the others, ten of them at once.
            assert!(told.load(Ordering::Relaxed) < 20);
        }
        // Also in `done`, while fetches are in flight.
        LEFT.store(i32::MAX, Ordering::Relaxed);
        let mut ended = 0;
        let words = crawl(form, 10, move || {
            ended += 1;
            assert!(ended < 5, "that is enough");
        });
        assert_eq!(words, "that is enough");
    }
    recorder::end();
    for form in FORMS {
        // All that are in flight, begun or not.
        for at_once in [2, 10] {
            let words = crawl(form, at_once, cancel_all_fetches);
            assert!(words.to_lowercase().contains("cancelled"), "{words}");
        }
    }
}

fn cancel_all_fetches() {
    let mut tasks = asyncio::all_tasks().unwrap();
    tasks.retain(|task| Some(task) != asyncio::current_task().as_ref());
    for fetch in tasks {
        fetch.cancel();
    }
}
