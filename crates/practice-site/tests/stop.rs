//! A site that stops leaves nothing behind. A test program of its own: it counts the threads and
//! descriptors of the process.

mod common;

use std::time::{Duration, Instant};

use common::get;
use practice_site::{Config, Site};

#[test]
fn stopping_is_quick_and_leaves_no_thread_and_no_socket() {
    let before = threads_and_descriptors();
    let site = Site::start(Config::default()).expect("loopback has a free port");
    let mut sockets: Vec<_> = (0..1000).map(|_| get(&site, "/1?delay=60s")).collect();
    sockets.push(get(&site, "/fault/never-answer"));
    sockets.push(get(&site, "/fault/drip-head"));
    sockets.push(get(&site, "/fault/endless-head"));
    sockets.push(get(&site, "/1?size=100MiB"));
    std::thread::sleep(Duration::from_millis(50));

    let begun = Instant::now();
    site.stop();
    assert!(begun.elapsed() < Duration::from_secs(2));
    drop(sockets);
    match before {
        Some(before) => assert_eq!(threads_and_descriptors(), Some(before)),
        None => println!("skipped: this system does not list threads and descriptors"),
    }
}

/// Only Linux lists them, in /proc.
fn threads_and_descriptors() -> Option<(usize, usize)> {
    let count = |path| std::fs::read_dir(path).map(Iterator::count).ok();
    Some((count("/proc/self/task")?, count("/proc/self/fd")?))
}
