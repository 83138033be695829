//! The bytes of a page, piece by piece.
//!
//! Each byte of a body follows from the page's number and its position, so no body is kept in
//! memory: a page of 100 MiB takes one buffer.

use std::io::Write;
use std::time::Duration;

use crate::query::Cut;

/// How many bytes are prepared at once, which is also the most that goes into one write.
pub(crate) const BUFFER: usize = 64 * 1024;

/// How many bytes a chunk has. A page of 1 KiB has a long chunk and a short one.
const CHUNK: u64 = 1000;

const LINE: u64 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// The body ends where the connection does.
    Close,
}

#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) status: u16,
    pub(crate) delay: Duration,
    pub(crate) size: u64,
    pub(crate) framing: Framing,
    pub(crate) cut: Option<Cut>,
}

impl Page {
    /// The whole answer: its head is in the first piece, and so is a small body.
    pub(crate) fn pieces(&self) -> Pieces {
        // Answers with these two statuses never have a body, whatever their head says.
        let bodiless = matches!(self.status, 204 | 304);
        Pieces {
            head: Some(self.head(bodiless)),
            ..Pieces::body(
                self.number,
                if bodiless { 0 } else { self.size },
                match bodiless {
                    true => Framing::Length,
                    false => self.framing,
                },
            )
        }
    }

    fn head(&self, bodiless: bool) -> String {
        let framing = match self.framing {
            _ if bodiless => String::new(),
            Framing::Length => format!("Content-Length: {}\r\n", self.size),
            Framing::Chunked => "Transfer-Encoding: chunked\r\nTrailer: X-Bytes\r\n".into(),
            Framing::Close => String::new(),
        };
        let (status, reason) = (self.status, reason(self.status));
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\n{framing}\
             Connection: close\r\n\r\n"
        )
    }
}

/// What is still to be sent of an answer.
#[derive(Debug)]
pub(crate) struct Pieces {
    head: Option<String>,
    number: usize,
    framing: Framing,
    size: u64,
    /// How many bytes of the body are in earlier pieces.
    position: u64,
    finished: bool,
}

impl Pieces {
    /// A body without a head.
    pub(crate) fn body(number: usize, size: u64, framing: Framing) -> Pieces {
        Pieces { head: None, number, framing, size, position: 0, finished: false }
    }

    /// Replaces what is in `buffer` by the next piece; false if nothing is left.
    pub(crate) fn next(&mut self, buffer: &mut Vec<u8>) -> bool {
        buffer.clear();
        if let Some(head) = self.head.take() {
            buffer.reserve(head.len() + self.size.min(BUFFER as u64) as usize);
            buffer.extend_from_slice(head.as_bytes());
        }
        while !self.finished && buffer.len() < BUFFER {
            match self.framing {
                Framing::Chunked => self.chunk(buffer),
                Framing::Length | Framing::Close => {
                    let room = BUFFER - buffer.len();
                    self.text(buffer, room as u64);
                    self.finished = self.position == self.size;
                }
            }
        }
        !buffer.is_empty()
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    fn chunk(&mut self, buffer: &mut Vec<u8>) {
        let left = self.size - self.position;
        if left == 0 {
            let trailer = format!("0;last\r\nX-Bytes: {}\r\n\r\n", self.size);
            buffer.extend_from_slice(trailer.as_bytes());
            self.finished = true;
            return;
        }
        let size = left.min(CHUNK);
        let line = format!("{size:x};from={}\r\n", self.position);
        buffer.extend_from_slice(line.as_bytes());
        self.text(buffer, size);
        buffer.extend_from_slice(b"\r\n");
    }

    /// Adds the next bytes of the body, at most `most`.
    fn text(&mut self, buffer: &mut Vec<u8>, most: u64) {
        let mut left = most.min(self.size - self.position);
        while left > 0 {
            let line = line(self.number, self.position / LINE);
            let from = self.position % LINE;
            let count = left.min(LINE - from);
            buffer.extend_from_slice(&line[from as usize..(from + count) as usize]);
            self.position += count;
            left -= count;
        }
    }
}

/// Every line of a body names its page and its position, so that a part which is lost, doubled or
/// from another page can be seen.
fn line(number: usize, index: u64) -> [u8; LINE as usize] {
    const SENTENCES: [&str; 4] = [
        "A program waits for a socket. ",
        "The kernel wakes the program. ",
        "Sleep takes no CPU time. ",
        "Asking again takes CPU time. ",
    ];
    let sentence = SENTENCES[index as usize % SENTENCES.len()];
    let mut line = [b'.'; LINE as usize];
    let mut room = &mut line[..LINE as usize - 1];
    // After a number of twenty digits the sentence does not fit, and its end is left out.
    let _ = write!(room, "Page {number}, byte {}. {sentence}", index * LINE);
    line[LINE as usize - 1] = b'\n';
    line
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        410 => "Gone",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "For Practice",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut pieces: Pieces) -> Vec<u8> {
        let (mut buffer, mut all) = (Vec::new(), Vec::new());
        while pieces.next(&mut buffer) {
            all.extend_from_slice(&buffer);
        }
        assert!(pieces.is_finished());
        all
    }

    #[test]
    fn a_body_has_exactly_its_size() {
        for size in [0, 1, 63, 64, 65, 1000, 1024, 65_535, 65_536, 65_537, 300_000] {
            let body = all(Pieces::body(7, size, Framing::Length));
            assert_eq!(body.len() as u64, size);
            assert!(body.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')));
        }
    }

    #[test]
    fn a_longer_body_begins_like_a_shorter_one_and_other_pages_differ() {
        let long = all(Pieces::body(7, 200_000, Framing::Length));
        let short = all(Pieces::body(7, 1_001, Framing::Length));
        assert!(long.starts_with(&short));
        assert!(!long.starts_with(&all(Pieces::body(8, 64, Framing::Length))));
    }

    #[test]
    fn chunks_carry_extensions_and_end_in_a_trailer() {
        let body = String::from_utf8(all(Pieces::body(1, 1024, Framing::Chunked))).expect("text");
        assert!(body.starts_with("3e8;from=0\r\nPage 1, byte 0. "));
        assert!(body.contains("\r\n18;from=1000\r\n"));
        assert!(body.ends_with("\r\n0;last\r\nX-Bytes: 1024\r\n\r\n"));
    }

    #[test]
    fn numbers_of_any_length_fit_in_a_line() {
        assert_eq!(line(usize::MAX, u64::MAX / LINE)[63], b'\n');
    }
}
