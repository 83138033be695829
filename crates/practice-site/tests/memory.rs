//! What the site keeps in memory. A test program of its own: it looks at the whole process.
#![cfg(target_os = "linux")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Read;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::{LONG, fetch, get};
use practice_site::{Config, Site};

/// How many bytes this process has allocated at the moment, and how often it has allocated.
static HELD: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: `System` keeps the promises of an allocator; counting changes nothing of what it returns.
#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the promises that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above; the pointer came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The peak of this process's memory so far, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

/// In one function, because the tests look at the whole process and must not run side by side.
#[test]
fn the_site_keeps_little() {
    a_huge_body_costs_a_buffer_and_waiting_pages_cost_little();
    events_cost_nothing_where_nobody_wants_them();
}

fn a_huge_body_costs_a_buffer_and_waiting_pages_cost_little() {
    let site = Site::start(Config::default()).expect("loopback has a free port");
    let before = peak();
    let mut socket = get(&site, "/fault/huge-body");
    let (mut buffer, mut total) = ([0; 64 * 1024], 0);
    loop {
        match socket.read(&mut buffer).expect("an answer") {
            0 => break,
            count => total += count,
        }
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".len();
    assert_eq!(total, head + 104_857_600);
    let grown = peak() - before;
    assert!(grown < 2_000_000, "100 MiB took {grown} bytes");

    let waiting: Vec<_> = (0..1000).map(|_| get(&site, "/1?delay=60s")).collect();
    let each = (peak() - before) / waiting.len();
    assert!(each < 6_000, "a waiting page took {each} bytes");
}

/// A connection keeps at most 16 bytes more for its events, the list of events itself apart. Where
/// nobody wants events, a page keeps and allocates nothing for them.
fn events_cost_nothing_where_nobody_wants_them() {
    let ((held, allocations), (held_noting, allocations_noting)) = (costs(false), costs(true));
    assert!(held_noting <= held + 16, "{held_noting} bytes with events, {held} without");
    // The line of the request is the only allocation; the list grows by doubling.
    assert!(allocations < allocations_noting, "{allocations} and {allocations_noting}");
    assert!(held <= BEFORE_EVENTS, "{held} bytes");
}

/// What a waiting page kept allocated when the site could not yet note events, in bytes.
const BEFORE_EVENTS: usize = 1057;

/// What a waiting page keeps allocated, in bytes, and how often a page allocates.
fn costs(events: bool) -> (usize, usize) {
    const WAITING: usize = 1000;
    const FETCHED: usize = 200;
    let site = Site::start(Config { events, delay: Duration::ZERO, ..Config::default() });
    let site = site.expect("loopback has a free port");
    // The first page also allocates what is kept for all.
    fetch(&site, "/1");
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for _ in 0..FETCHED {
        fetch(&site, "/1");
    }
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before) / FETCHED;

    // The list of events is not counted: it is as long whether pages wait or not.
    drop(site.take_events());
    let held = settled();
    let mut sockets = Vec::with_capacity(WAITING);
    sockets.extend((0..WAITING).map(|_| get(&site, "/1?delay=60s")));
    settled();
    drop(site.take_events());
    let held = settled() - held - WAITING * size_of::<TcpStream>();
    (held / WAITING, allocations)
}

/// The bytes that are allocated, when they do not change any more.
fn settled() -> usize {
    let mut held = HELD.load(Ordering::Relaxed);
    for _ in 0..LONG.as_millis() / 100 {
        thread::sleep(Duration::from_millis(100));
        let now = HELD.load(Ordering::Relaxed);
        if now == held {
            break;
        }
        held = now;
    }
    held
}
