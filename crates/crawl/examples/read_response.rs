//! Reads responses as the stages do, and says what each comes to. The
//! Python reader is compared with it, by `scripts/originals`.
//!
//! Each line of the input is one stream: `MAX_HEAD MAX_BODY HEX`. Each line
//! of the output is what it comes to, with every text in hexadecimal:
//!
//! ```text
//! page STATUS BODY LOCATION CODING
//! KIND MESSAGE BYTES EXPECTED_BYTES
//! ```
//!
//! Run it with `cargo run -p crawl --example read_response`.

use std::io::{self, BufRead, Write};

use crawl::{Limits, ResponseReader};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let mut parts = line.split(' ');
        let mut next = || parts.next().expect("a line has three parts");
        let limits = Limits {
            max_head_bytes: next().parse().expect("a number"),
            max_body_bytes: next().parse().expect("a number"),
            ..Limits::default()
        };
        writeln!(out, "{}", read(&limits, &from_hex(next())))?;
    }
    out.flush()
}

fn read(limits: &Limits, stream: &[u8]) -> String {
    let mut reader = ResponseReader::new(limits);
    let received = match stream {
        [] => Ok(None),
        stream => reader.received(stream),
    };
    let page = match received {
        Ok(None) => reader.ended(),
        Ok(Some(page)) => Ok(page),
        Err(bad) => Err(bad),
    };
    match page {
        Ok(page) => format!(
            "page {} {} {} {}",
            page.status,
            hex(&page.body),
            page.location.map_or("-".to_owned(), |it| hex(it.as_bytes())),
            page.content_encoding
                .map_or("-".to_owned(), |it| hex(it.as_bytes())),
        ),
        Err(bad) => format!(
            "{} {} {} {}",
            bad.kind,
            hex(bad.message.as_bytes()),
            reader.bytes(),
            reader
                .expected_bytes()
                .map_or("-".to_owned(), |it| it.to_string()),
        ),
    }
}

/// With a letter before it, so that no text is empty.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    "x".to_owned() + &digits.collect::<String>()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.strip_prefix('x').expect("a text begins with x");
    let byte = |at| {
        u8::from_str_radix(&digits[at..at + 2], 16).expect("two digits")
    };
    (0..digits.len()).step_by(2).map(byte).collect()
}
