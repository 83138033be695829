//! The RFC 9112 response reader: bytes in, a page or what is wrong with them out.

use crate::{ErrorKind, Limits, Page};

/// Reads one response from a stream of bytes, however they were cut.
#[derive(Debug)]
pub struct ResponseReader {
    bytes: u64,
    expected_bytes: Option<u64>,
}

/// What is wrong with a response: the kind of failure and the words for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadResponse {
    /// `Malformed`, `TooLarge`, `EmptyReply` or `Truncated`.
    pub kind: ErrorKind,
    /// What was found, in a sentence for people.
    pub message: String,
}

impl ResponseReader {
    /// A reader at the start of a stream, with the sizes it may take.
    pub fn new(limits: &Limits) -> ResponseReader {
        let _ = limits;
        ResponseReader { bytes: 0, expected_bytes: None }
    }

    /// Takes the next bytes of the stream (never none): the whole page, or `None` for *need more*.
    pub fn received(&mut self, chunk: &[u8]) -> Result<Option<Page>, BadResponse> {
        let _ = chunk;
        Ok(None)
    }

    /// The stream ended in order: a page whose end is the close, or what is missing.
    pub fn ended(&mut self) -> Result<Page, BadResponse> {
        Err(BadResponse { kind: ErrorKind::EmptyReply, message: String::new() })
    }

    /// Bytes of the final answer so far, its head included.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes that the final answer says it has, head included, once it has said so.
    pub fn expected_bytes(&self) -> Option<u64> {
        self.expected_bytes
    }
}
