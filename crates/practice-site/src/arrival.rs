//! What the site can report while it serves.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// A request that has arrived, or a connection to a fault that does not wait for a request. Its
/// `Display` is one line for people: `127.0.0.1:50216 "GET /1 HTTP/1.1": status 200 in 450ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Arrival<'a> {
    /// Where the client is; `None` if it has gone already.
    pub client: Option<SocketAddr>,
    /// The first line of the request, as it came; `None` if the fault does not read a request.
    pub request: Option<&'a str>,
    /// What the site is about to do.
    pub reply: Reply,
}

/// What the site does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// It sends an answer.
    Answer {
        /// The answer's status.
        status: u16,
        /// How long the answer takes.
        delay: Duration,
    },
    /// It performs the fault of this name.
    Fault(&'static str),
}

/// A line of a terminal has room for so many characters of a request.
const LONGEST: usize = 120;

impl fmt::Display for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            Some(client) => write!(f, "{client} ")?,
            None => f.write_str("unknown client ")?,
        }
        match self.request {
            Some(request) => {
                // A client may send bytes that would steer the terminal.
                let shown: String = request.chars().take(LONGEST).collect();
                let more = if shown.len() < request.len() { "…" } else { "" };
                write!(f, "\"{}{more}\": ", shown.escape_debug())?;
            }
            None => f.write_str("request not read: ")?,
        }
        match self.reply {
            Reply::Answer { status, delay: Duration::ZERO } => write!(f, "status {status}"),
            Reply::Answer { status, delay } => write!(f, "status {status} in {delay:?}"),
            Reply::Fault(name) => write!(f, "fault {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(request: Option<&str>, reply: Reply, expected: &str) {
        let client = Some(([127, 0, 0, 1], 80).into());
        assert_eq!(Arrival { client, request, reply }.to_string(), expected);
    }

    #[test]
    fn an_arrival_is_one_line() {
        let now = Reply::Answer { status: 400, delay: Duration::ZERO };
        let later = Reply::Answer { status: 200, delay: Duration::from_millis(450) };
        let fault = Reply::Fault("garbage");
        check(Some("GET /1"), later, "127.0.0.1:80 \"GET /1\": status 200 in 450ms");
        check(Some("\u{1b}[2J"), now, "127.0.0.1:80 \"\\u{1b}[2J\": status 400");
        check(None, fault, "127.0.0.1:80 request not read: fault garbage");
        let long = "x".repeat(LONGEST + 1);
        let shown = format!("127.0.0.1:80 \"{}…\": fault garbage", &long[1..]);
        check(Some(&long), fault, &shown);
    }
}
