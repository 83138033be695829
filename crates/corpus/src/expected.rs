use std::fmt::{self, Debug, Display};

use crawl::protocol::OutcomeLine;
use crawl::{ErrorKind, Phase};

/// The outcome that a fetch must have. Its `Display` is a phrase for people: `status 200, 5 bytes`
/// or `malformed while receiving, after 39 bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A page.
    Page {
        /// Its status.
        status: u16,
        /// The bytes of its body.
        bytes: u64,
        /// Where a redirect points.
        location: Option<&'static str>,
        /// The content coding that the body still has.
        content_encoding: Option<&'static str>,
    },
    /// No page.
    Error {
        /// The kind of the error.
        kind: ErrorKind,
        /// How far the fetch had come; `None` if that can vary.
        phase: Option<Phase>,
        /// The bytes of the answer up to and with the one that decided; `None` if the time decides
        /// how many there are.
        bytes: Option<u64>,
        /// The bytes that the answer would have had; `None` if it does not say so.
        expected_bytes: Option<u64>,
    },
}

/// One thing in which an outcome is not the expected one. Its `Display` is one line:
/// `error.phase: expected receiving, found waiting`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What is different.
    pub field: Field,
    /// What it must be.
    pub expected: String,
    /// What it is.
    pub found: String,
}

/// A field of an outcome. Its `Display` is the field's name in the protocol: `error.kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// There is a page and should be none, or the reverse.
    Outcome,
    /// The page's status.
    Status,
    /// The bytes of the page's body.
    Bytes,
    /// Where a redirect points.
    Location,
    /// The content coding that the body still has.
    ContentEncoding,
    /// The kind of the error.
    Kind,
    /// How far the fetch had come.
    Phase,
    /// The bytes of the answer that had arrived.
    ErrorBytes,
    /// The bytes that the answer would have had.
    ExpectedBytes,
}

impl Expected {
    /// What is not as expected in an outcome; empty if all is. Times and words for people may be
    /// any.
    pub fn differences(&self, outcome: &OutcomeLine) -> Vec<Difference> {
        let mut found = Differences::default();
        match (*self, &outcome.error) {
            (Expected::Page { status, bytes, location, content_encoding }, None) => {
                found.compare(Field::Status, Some(status), outcome.status);
                found.compare(Field::Bytes, Some(bytes), outcome.bytes);
                found.compare(Field::Location, location, outcome.location.as_deref());
                let coding = outcome.content_encoding.as_deref();
                found.compare(Field::ContentEncoding, content_encoding, coding);
            }
            (Expected::Error { kind, phase, bytes, expected_bytes }, Some(error)) => {
                found.compare(Field::Kind, Some(kind.word()), Some(error.kind.word()));
                if let Some(phase) = phase {
                    found.compare(Field::Phase, Some(word(phase)), error.phase.map(word));
                }
                if let Some(bytes) = bytes {
                    found.compare(Field::ErrorBytes, Some(bytes), Some(error.bytes));
                }
                found.compare(Field::ExpectedBytes, expected_bytes, error.expected_bytes);
            }
            (expected, _) => {
                found.add(Field::Outcome, expected.to_string(), in_words(outcome));
            }
        }
        found.0
    }
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn compare<T: Display + PartialEq>(
        &mut self,
        field: Field,
        expected: Option<T>,
        found: Option<T>,
    ) {
        let shown = |value: &Option<T>| match value {
            Some(value) => value.to_string(),
            None => "nothing".to_owned(),
        };
        if expected != found {
            self.add(field, shown(&expected), shown(&found));
        }
    }

    fn add(&mut self, field: Field, expected: String, found: String) {
        self.0.push(Difference { field, expected, found });
    }
}

impl Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Expected::Page { status, bytes, .. } => {
                write!(f, "status {status}, {}", in_bytes(bytes))
            }
            Expected::Error { kind, phase, bytes, .. } => {
                f.write_str(&error_in_words(kind, phase, bytes))
            }
        }
    }
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.field, self.expected, self.found)
    }
}

impl Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Field::Outcome => "outcome",
            Field::Status => "status",
            Field::Bytes => "bytes",
            Field::Location => "location",
            Field::ContentEncoding => "content_encoding",
            Field::Kind => "error.kind",
            Field::Phase => "error.phase",
            Field::ErrorBytes => "error.bytes",
            Field::ExpectedBytes => "error.expected_bytes",
        })
    }
}

fn in_words(outcome: &OutcomeLine) -> String {
    match (&outcome.error, outcome.status) {
        (Some(error), _) => {
            let words = error_in_words(error.kind, error.phase, Some(error.bytes));
            format!("{words} ({})", error.message)
        }
        (None, Some(status)) => {
            let bytes = outcome.bytes.map_or("unknown bytes".to_owned(), in_bytes);
            format!("status {status}, {bytes}")
        }
        (None, None) => "neither a page nor an error".to_owned(),
    }
}

fn error_in_words(kind: ErrorKind, phase: Option<Phase>, bytes: Option<u64>) -> String {
    let phase = phase.map_or(String::new(), |phase| format!(" while {}", word(phase)));
    let bytes = bytes.map_or(String::new(), |bytes| format!(", after {}", in_bytes(bytes)));
    format!("{kind}{phase}{bytes}")
}

fn in_bytes(bytes: u64) -> String {
    format!("{bytes} {}", if bytes == 1 { "byte" } else { "bytes" })
}

fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Connecting => "connecting",
        Phase::Sending => "sending",
        Phase::Waiting => "waiting",
        Phase::Receiving => "receiving",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the protocol says of a fetch.
    fn outcome(json: &str) -> OutcomeLine {
        serde_json::from_str(json).expect(json)
    }

    #[track_caller]
    fn check(expected: Expected, found: &str, differences: &[&str]) {
        let json = format!(r#"{{"target": 0, "by": "main", "started_us": 0, {found}}}"#);
        let told = expected.differences(&outcome(&json));
        assert_eq!(told.iter().map(Difference::to_string).collect::<Vec<_>>(), differences);
    }

    #[test]
    fn a_page_is_compared_by_all_that_is_said_of_it() {
        let (location, content_encoding) = (Some("/1"), None);
        let page = Expected::Page { status: 302, bytes: 5, location, content_encoding };
        check(page, r#""status": 302, "bytes": 5, "location": "/1""#, &[]);
        check(
            page,
            r#""status": 200, "bytes": 6, "content_encoding": "gzip""#,
            &[
                "status: expected 302, found 200",
                "bytes: expected 5, found 6",
                "location: expected /1, found nothing",
                "content_encoding: expected nothing, found gzip",
            ],
        );
        check(
            page,
            r#""error": {"kind": "reset", "message": "gone"}"#,
            &["outcome: expected status 302, 5 bytes, found reset, after 0 bytes (gone)"],
        );
    }

    #[test]
    fn an_error_is_compared_as_far_as_it_cannot_vary() {
        let error = |phase, bytes| Expected::Error {
            kind: ErrorKind::Truncated,
            phase,
            bytes,
            expected_bytes: None,
        };
        let found = r#""error": {"kind": "reset", "phase": "waiting", "bytes": 3}"#;
        let kind = "error.kind: expected truncated, found reset";
        check(error(None, None), found, &[kind]);
        check(
            error(Some(Phase::Receiving), Some(1)),
            found,
            &[
                kind,
                "error.phase: expected receiving, found waiting",
                "error.bytes: expected 1, found 3",
            ],
        );
        let page = r#""status": 200"#;
        let words = "outcome: expected truncated, found status 200, unknown bytes";
        check(error(None, None), page, &[words]);
        let neither = "outcome: expected truncated, found neither a page nor an error";
        check(error(None, None), r#""status": null"#, &[neither]);
    }
}
