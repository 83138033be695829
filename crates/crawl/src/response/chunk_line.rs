//! The line before a chunk: its size, extensions that nobody reads, and
//! CRLF.

use super::{BadResponse, malformed, quoted, too_large};

/// The most bytes of the line, its CRLF included.
const MAX_BYTES: u16 = 4096;

/// As much of the line as was read, judged byte by byte: it needs no
/// buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkLine {
    part: Part,
    size: u64,
    bytes: u16,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    FirstDigit,
    Digits,
    /// Some servers pad a size to a fixed width, though the grammar has no
    /// such spaces.
    Spaces,
    Extensions,
    Lf,
}

impl ChunkLine {
    pub(super) const START: ChunkLine =
        ChunkLine { part: Part::FirstDigit, size: 0, bytes: 0 };

    /// Takes the next byte; the last one gives the size, which is within
    /// the room of the body.
    ///
    /// A bare LF is no line end here. RFC 9112 lets it end the start line
    /// and headers (section 2.2), not chunks, where two readers who
    /// disagree would each find another answer.
    pub(super) fn push(
        &mut self,
        byte: u8,
        room: u64,
    ) -> Result<Option<u64>, BadResponse> {
        if self.bytes == MAX_BYTES {
            return Err(too_large(format!(
                "a chunk's size line is over {MAX_BYTES} bytes"
            )));
        }
        self.bytes += 1;

        self.part = match (self.part, byte) {
            (Part::FirstDigit | Part::Digits, _)
                if byte.is_ascii_hexdigit() =>
            {
                self.push_digit(byte)?;
                Part::Digits
            }
            (Part::Digits | Part::Spaces, b' ' | b'\t') => Part::Spaces,
            (Part::Digits | Part::Spaces, b';') => Part::Extensions,
            (Part::Extensions, b'\t' | b' '..=b'~' | 0x80..) => {
                Part::Extensions
            }
            (Part::Digits | Part::Spaces | Part::Extensions, b'\r') => {
                Part::Lf
            }
            (Part::Lf, b'\n') => return Ok(Some(self.size)),
            _ => {
                return Err(malformed(format!(
                    "a chunk's size line has a stray {}",
                    quoted(&[byte])
                )));
            }
        };

        // The size is known behind its last digit, and judged before any
        // byte of its chunk.
        if !matches!(self.part, Part::Digits) && self.size > room {
            return Err(too_large(format!(
                "a chunk of {} bytes is over the {room} \
                 that the body may still have",
                self.size
            )));
        }
        Ok(None)
    }

    fn push_digit(&mut self, digit: u8) -> Result<(), BadResponse> {
        let value = char::from(digit)
            .to_digit(16)
            .expect("the caller saw a hexadecimal digit");
        let Some(size) = self.size.checked_mul(16) else {
            return Err(malformed(
                "a chunk's size does not fit in 64 bits".to_owned(),
            ));
        };
        self.size = size + u64::from(value);
        Ok(())
    }
}
