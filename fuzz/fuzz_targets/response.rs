//! One stream of bytes, cut in three ways, has one outcome.
//!
//! The first byte of an input chooses the limits, the second how to cut the stream that follows.
//! Seeds begin with two digits, which are such bytes as well as any.

#![no_main]

use crawl::{BadResponse, Limits, Page, ResponseReader};
use libfuzzer_sys::fuzz_target;

/// Small ones, so that short inputs reach them, and the largest, where arithmetic could overflow.
const HEAD_LIMITS: [usize; 4] = [64 << 10, 30, 100, 9];
const BODY_LIMITS: [u64; 4] = [10 << 20, 5, u64::MAX, 0];

fuzz_target!(|input: &[u8]| {
    let [limits, cuts, stream @ ..] = input else { return };
    let limits = Limits {
        max_head_bytes: HEAD_LIMITS[usize::from(limits % 4)],
        max_body_bytes: BODY_LIMITS[usize::from(limits / 4 % 4)],
        ..Limits::default()
    };

    let whole = read(&limits, stream.chunks(stream.len().max(1)));
    assert_eq!(read(&limits, stream.chunks(1)), whole);
    assert_eq!(read(&limits, cut(stream, *cuts).into_iter()), whole);
    check(&whole, &limits, stream);
});

/// Everything that a caller sees of a stream that came in these pieces and then ended.
#[derive(Debug, PartialEq)]
struct Outcome {
    result: Result<Page, BadResponse>,
    by_the_end: bool,
    bytes: u64,
    expected_bytes: Option<u64>,
}

fn read<'a>(limits: &Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Outcome {
    let mut reader = ResponseReader::new(limits);
    let mut told = None;
    for piece in pieces {
        told = reader.received(piece).transpose();
        if told.is_some() {
            break;
        }
    }
    let by_the_end = told.is_none();
    Outcome {
        result: told.unwrap_or_else(|| reader.ended()),
        by_the_end,
        bytes: reader.bytes(),
        expected_bytes: reader.expected_bytes(),
    }
}

/// Pieces of uneven sizes: an even step would miss what falls between two cuts near each other.
fn cut(mut stream: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut random = u32::from(seed);
    while !stream.is_empty() {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = 1 + (random >> 16) as usize % 40;
        let (piece, rest) = stream.split_at(size.min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

/// What holds for every outcome.
fn check(outcome: &Outcome, limits: &Limits, stream: &[u8]) {
    assert!(outcome.bytes <= stream.len() as u64);
    match &outcome.result {
        Ok(page) => {
            assert!((200..600).contains(&page.status));
            assert!(page.body.len() as u64 <= limits.max_body_bytes);
            assert!(page.body.capacity() as u64 <= limits.max_body_bytes);
            assert!(page.body.capacity() <= 2 * stream.len());
            assert!(outcome.expected_bytes.is_none_or(|expected| expected == outcome.bytes));
        }
        Err(bad) => {
            assert!(!bad.message.is_empty() && bad.message.len() <= 160, "{bad}");
            assert!(bad.message.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{bad}");
        }
    }
}
