//! `stage-runner site`: the practice site alone.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;

use super::support::command;

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
    for other in lines.lines().filter(|line| line.starts_with("other machines")) {
        assert!(other.ends_with(&format!(":{port}/")) && !other.contains("127.0.0.1"), "{other}");
    }
}
