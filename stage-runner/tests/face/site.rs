//! `stage-runner site`: the practice site alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout};

use if_addrs::{IfOperStatus, Interface};

use super::support::{command, run};

/// Ends the site, however the test ends.
struct Site(Child);

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// With `-v` each request is a line on stderr, as it arrives. A site on all interfaces names the
/// addresses that other machines can use, and not 127.0.0.1 only.
#[test]
fn requests_and_addresses_are_shown() {
    let mut site = Site(command(&["site", "--listen", "0.0.0.0", "-v"]).spawn().unwrap());
    let mut stdout = BufReader::new(site.0.stdout.take().unwrap());
    let mut stderr = BufReader::new(site.0.stderr.take().unwrap());
    let mut url = String::new();
    stdout.read_line(&mut url).unwrap();
    let address = url.trim().trim_start_matches("http://").trim_end_matches('/');

    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(b"GET /7?delay=0ms HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut lines = String::new();
    while !lines.contains("GET /7") {
        assert!(stderr.read_line(&mut lines).unwrap() > 0, "stderr ended: {lines}");
    }
    assert!(lines.contains("whoever can reach this machine"), "{lines}");
    let port = address.rsplit(':').next().unwrap();
    let others = || lines.lines().filter(|line| line.starts_with("other machines"));
    let mut interfaces = if_addrs::get_if_addrs().unwrap().into_iter();
    let is_up = |own: &Interface| own.oper_status != IfOperStatus::Down;
    if interfaces.any(|own| is_up(&own) && own.ip().is_ipv4() && !own.is_loopback()) {
        assert!(others().count() > 0, "{lines}");
    }
    for other in others() {
        assert!(other.ends_with(&format!(":{port}/")) && !other.contains("127.0.0.1"), "{other}");
    }
}

/// The site's URL, and a page of it.
fn fetched(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut url = String::new();
    stdout.read_line(&mut url).unwrap();
    let address = url.trim().trim_start_matches("http://").trim_end_matches('/');
    let mut socket = TcpStream::connect(address).unwrap();
    socket.write_all(b"GET /7?delay=0ms HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

const EVENTS: [&str; 5] = ["opened", "asked", "answering", "answered", "closed"];

fn whats(lines: &str) -> Vec<String> {
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.map(|event: serde_json::Value| event["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn events_are_lines_on_stdout_as_they_come() {
    let mut site = Site(command(&["site", "--events", "-"]).spawn().unwrap());
    let mut stdout = BufReader::new(site.0.stdout.take().unwrap());
    assert!(fetched(&mut stdout).starts_with("HTTP/1.1 200"));
    let mut lines = String::new();
    for _ in EVENTS {
        stdout.read_line(&mut lines).unwrap();
    }
    assert_eq!(whats(&lines), EVENTS);
    assert!(lines.contains(r#""request":"GET /7?delay=0ms HTTP/1.1""#), "{lines}");
}

#[test]
#[cfg(unix)]
fn a_file_of_events_is_complete_after_ctrl_c() {
    let path = std::env::temp_dir().join(format!("stage-runner-{}-events", std::process::id()));
    std::fs::write(&path, "what was there before").unwrap();
    let mut site = Site(command(&["site", "--events"]).arg(&path).spawn().unwrap());
    let mut stdout = BufReader::new(site.0.stdout.take().unwrap());
    // Ctrl-C comes at once, most often before the site has written anything.
    assert!(fetched(&mut stdout).starts_with("HTTP/1.1 200"));
    let interrupt =
        std::process::Command::new("kill").args(["-INT", &site.0.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    assert_eq!(site.0.wait().unwrap().code(), Some(0));
    let lines = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    // The client has the page a moment before the last two are noted.
    let whats = whats(&lines);
    assert!(whats.len() >= 3, "{whats:?}");
    assert_eq!(whats, EVENTS[..whats.len()]);
}

#[test]
fn a_file_of_events_that_cannot_be_written_is_named() {
    let folder = std::env::temp_dir();
    let folder = folder.to_str().unwrap();
    let ended = run(&["site", "--events", folder]).code(1);
    assert_eq!(ended.stdout, "");
    ended.notes("cannot write").notes("it is a folder");
}
