//! What the scenes with programs of their own have in common: a request with the library of
//! chapter 9, and what the site saw of it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use practice_site::{Event, What};
use stage_09_asyncio as asyncio;

/// The body of a page.
pub async fn get(address: SocketAddr, path: &str) -> io::Result<String> {
    let (mut reader, mut writer) = asyncio::open_connection(address).await?;
    writer.write(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes())?;
    writer.drain().await?;
    let answer = String::from_utf8_lossy(&reader.read(usize::MAX).await?).into_owned();
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.ok_or_else(|| io::Error::other(format!("no answer to {path}: {answer:?}")))
}

/// The address among the arguments of a part.
///
/// # Errors
/// There is none.
pub fn address(argument: Option<&String>) -> io::Result<SocketAddr> {
    let address = argument.and_then(|argument| argument.parse().ok());
    address.ok_or_else(|| io::Error::other("the address of the site is missing"))
}

/// How many requests the site read.
pub fn requests(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event.what, What::Asked(_))).count() as u64
}

/// How long it was from the first connection to the last answer, as the site saw it.
pub fn span(events: &[Event]) -> Duration {
    let opened = events.iter().find(|event| matches!(event.what, What::Opened(_)));
    let answering = events.iter().rfind(|event| event.what == What::Answering);
    match (opened, answering) {
        (Some(first), Some(last)) => last.at.saturating_sub(first.at),
        _ => Duration::ZERO,
    }
}

/// How many connections waited for an answer at the same time.
pub fn most_at_once(events: &[Event]) -> u64 {
    let (mut waiting, mut most) = (0_u64, 0);
    for event in events {
        match event.what {
            What::Opened(_) => waiting += 1,
            What::Answering => waiting = waiting.saturating_sub(1),
            _ => {}
        }
        most = most.max(waiting);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_site_saw_is_summed_up() {
        let client = ([127, 0, 0, 1], 80).into();
        let event =
            |at, connection, what| Event { at: Duration::from_millis(at), connection, what };
        let events = [
            event(10, 1, What::Opened(client)),
            event(11, 1, What::Asked("GET /1 HTTP/1.1".into())),
            event(12, 2, What::Opened(client)),
            event(30, 1, What::Answering),
            event(31, 1, What::Answered),
            event(32, 3, What::Opened(client)),
            event(50, 2, What::Answering),
            event(60, 3, What::GaveUp),
        ];
        assert_eq!(requests(&events), 1);
        assert_eq!(span(&events), Duration::from_millis(40));
        assert_eq!(most_at_once(&events), 2);
        assert_eq!((requests(&[]), span(&[]), most_at_once(&[])), (0, Duration::ZERO, 0));
    }
}
