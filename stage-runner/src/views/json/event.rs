//! What the practice site saw, one JSON line for each event.

use std::net::SocketAddr;

use practice_site::{Event, What};
use serde::Serialize;

#[derive(Serialize)]
struct Line<'a> {
    at_us: u64,
    connection: u64,
    what: &'static str,
    /// Of `opened`.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<SocketAddr>,
    /// Of `asked`: the first line of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
}

/// The event as a line, its end included.
pub fn event(event: &Event) -> Vec<u8> {
    let (what, client, request) = match &event.what {
        What::Opened(client) => ("opened", Some(*client), None),
        What::Asked(line) => ("asked", None, Some(line.as_str())),
        What::Answering => ("answering", None, None),
        What::Answered => ("answered", None, None),
        What::GaveUp => ("gave-up", None, None),
        What::Closed => ("closed", None, None),
        _ => ("other", None, None),
    };
    let at_us = event.at.as_micros().try_into().unwrap_or(u64::MAX);
    let line = Line { at_us, connection: event.connection, what, client, request };
    let mut line = serde_json::to_vec(&line).expect("an event is JSON");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[track_caller]
    fn check(what: What, expected: &str) {
        let line = event(&Event { at: Duration::from_micros(1500), connection: 7, what });
        let expected = format!("{{\"at_us\":1500,\"connection\":7,\"what\":{expected}}}\n");
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn each_event_is_one_line() {
        let client = ([127, 0, 0, 1], 50_216).into();
        check(What::Opened(client), r#""opened","client":"127.0.0.1:50216""#);
        let line = "GET /\"1\n HTTP/1.1".into();
        check(What::Asked(line), r#""asked","request":"GET /\"1\n HTTP/1.1""#);
        check(What::Answering, r#""answering""#);
        check(What::Answered, r#""answered""#);
        check(What::GaveUp, r#""gave-up""#);
        check(What::Closed, r#""closed""#);
    }
}
