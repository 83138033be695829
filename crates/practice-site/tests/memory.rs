//! What the site keeps in memory. A test program of its own: it looks at the whole process.
#![cfg(target_os = "linux")]

mod common;

use std::io::Read;

use common::get;
use practice_site::{Config, Site};

/// The peak of this process's memory so far, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it is there");
    let kib: usize = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kib * 1024
}

#[test]
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
