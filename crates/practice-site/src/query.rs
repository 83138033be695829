//! The parameters of a URL.

use std::time::Duration;

/// A parameter for the front page: its name, examples, and what it does.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) examples: &'static [&'static str],
    pub(crate) summary: &'static str,
}

const DELAY: Parameter = Parameter {
    name: "delay",
    examples: &["delay=450ms", "delay=2s", "delay=0"],
    summary: "how long the answer takes, at most ten minutes",
};
const SIZE: Parameter = Parameter {
    name: "size",
    examples: &["size=4096", "size=64KiB", "size=10MiB"],
    summary: "how many bytes the body has",
};
const CUT: Parameter = Parameter {
    name: "cut",
    examples: &["cut=1", "cut=100"],
    summary: "how many bytes a piece has when the answer, head included, is cut into pieces, each \
              a segment of its own",
};
const PACE: Parameter = Parameter {
    name: "pace",
    examples: &["cut=100&pace=10ms"],
    summary: "the pause between two pieces of an answer that is cut, 0.2 ms if not given",
};
const CHUNKED: Parameter = Parameter {
    name: "chunked",
    examples: &["chunked=1"],
    summary: "1 sends the body in chunks, with chunk extensions and a trailer",
};
const CLOSE: Parameter = Parameter {
    name: "close",
    examples: &["close=1"],
    summary: "1 announces no length: the body ends where the connection does",
};
const STATUS: Parameter = Parameter {
    name: "status",
    examples: &["status=404", "status=503"],
    summary: "the status of the answer, 200 to 599",
};
const PAUSE: Parameter = Parameter {
    name: "pause",
    examples: &["pause=100ms"],
    summary: "the pause of a fault that drips, 1 s if not given",
};

const SET: Parameter = Parameter {
    name: "set",
    examples: &["set=1", "set=0"],
    summary: "the whole number, of 0 or more, that the counter is set to",
};
const FAILS: Parameter = Parameter {
    name: "fails",
    examples: &["fails=1", "fails=3"],
    summary: "how many requests are reset before the page is sent, 1 if not given",
};

/// The parameters of a page.
pub(crate) const FOR_PAGES: &[Parameter] = &[DELAY, SIZE, CUT, PACE, CHUNKED, CLOSE, STATUS];
/// The parameters of a fault.
pub(crate) const FOR_FAULTS: &[Parameter] = &[DELAY, PAUSE, CUT, PACE];
/// The parameters of a counter.
pub(crate) const FOR_COUNTERS: &[Parameter] = &[DELAY, SET];
/// The parameters of a flaky page.
pub(crate) const FOR_FLAKY: &[Parameter] = &[DELAY, FAILS];

/// How an answer is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// How many bytes a piece has at most.
    pub(crate) bytes: usize,
    pub(crate) pace: Duration,
}

/// What a URL asks for; `None` means the default.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) delay: Option<Duration>,
    pub(crate) size: Option<u64>,
    pub(crate) cut: Option<Cut>,
    pub(crate) chunked: bool,
    pub(crate) close: bool,
    pub(crate) status: Option<u16>,
    pub(crate) pause: Option<Duration>,
    pub(crate) set: Option<u64>,
    pub(crate) fails: Option<u64>,
}

/// Reads `delay=2s&size=64KiB`. Only `known` parameters are allowed.
pub(crate) fn parse(text: &str, known: &[Parameter]) -> Result<Query, String> {
    let mut query = Query::default();
    let (mut cut, mut pace) = (None, None);
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            let names: Vec<_> = known.iter().map(|parameter| parameter.name).collect();
            return Err(format!(
                "`{name}` is not a parameter here. The parameters are: {}.",
                names.join(", ")
            ));
        };
        let invalid = || {
            let examples = parameter.examples.join(", ");
            format!(
                "`{pair}` is invalid. The parameter `{name}`: {}. For example: {examples}.",
                parameter.summary
            )
        };
        match name {
            "delay" => query.delay = Some(duration(value).ok_or_else(invalid)?),
            "size" => query.size = Some(size(value).ok_or_else(invalid)?),
            "cut" => cut = Some(number(value).filter(|bytes| *bytes > 0).ok_or_else(invalid)?),
            "pace" => pace = Some(duration(value).ok_or_else(invalid)?),
            "chunked" => query.chunked = switch(value).ok_or_else(invalid)?,
            "close" => query.close = switch(value).ok_or_else(invalid)?,
            "status" => query.status = Some(status(value).ok_or_else(invalid)?),
            "pause" => query.pause = Some(duration(value).ok_or_else(invalid)?),
            "set" => query.set = Some(number(value).ok_or_else(invalid)?),
            "fails" => query.fails = Some(number(value).ok_or_else(invalid)?),
            _ => return Err(invalid()),
        }
    }
    if query.chunked && query.close {
        return Err(
            "`chunked` and `close` are two ways to end a body, so only one of them can be given."
                .into(),
        );
    }
    query.cut = match (cut, pace) {
        (None, None) => None,
        (None, Some(_)) => {
            return Err(
                "`pace` is the pause between two pieces, so the size of a piece is needed too. \
                        For example: cut=100&pace=10ms."
                    .into(),
            );
        }
        (Some(bytes), pace) => Some(Cut {
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            pace: pace.unwrap_or(Duration::from_micros(200)),
        }),
    };
    Ok(query)
}

/// `450ms`, `2s`, `200us` or `0`.
fn duration(text: &str) -> Option<Duration> {
    let longest = Duration::from_secs(600);
    let (digits, unit) = split_unit(text);
    let count = number(digits)?;
    let duration = match unit {
        "us" => Duration::from_micros(count),
        "ms" => Duration::from_millis(count),
        "s" => Duration::from_secs(count),
        "" if count == 0 => Duration::ZERO,
        _ => return None,
    };
    (duration <= longest).then_some(duration)
}

/// `4096`, `64KiB`, `10MiB` or `1GiB`.
fn size(text: &str) -> Option<u64> {
    let (digits, unit) = split_unit(text);
    let shift = match unit {
        "" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number(digits)?.checked_mul(1 << shift)
}

fn status(text: &str) -> Option<u16> {
    let status = u16::try_from(number(text)?).ok()?;
    (200..=599).contains(&status).then_some(status)
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}

/// Digits only: `parse` alone would take `+5`.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn split_unit(text: &str) -> (&str, &str) {
    let unit = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(unit.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let check = |text, expected: Option<u64>| {
            assert_eq!(duration(text), expected.map(Duration::from_micros), "{text}");
        };
        check("450ms", Some(450_000));
        check("2s", Some(2_000_000));
        check("200us", Some(200));
        check("0", Some(0));
        check("0s", Some(0));
        check("600s", Some(600_000_000));
        check("601s", None);
        check("5", None);
        check("", None);
        check("ms", None);
        check("+5ms", None);
        check("-5ms", None);
        check("1.5s", None);
        check("99999999999999999999s", None);
    }

    #[test]
    fn sizes() {
        let check = |text, expected| assert_eq!(size(text), expected, "{text}");
        check("0", Some(0));
        check("4096", Some(4096));
        check("64KiB", Some(65_536));
        check("10MiB", Some(10_485_760));
        check("1kb", None);
        check("", None);
        check("99999999999999999999", None);
        check("18446744073709551615GiB", None);
    }

    fn check(text: &str, expected: &str) {
        let known = match text {
            text if text.starts_with("set") => FOR_COUNTERS,
            text if text.starts_with("fails") => FOR_FLAKY,
            _ => FOR_PAGES,
        };
        let error = parse(text, known).expect_err(text);
        assert!(error.contains(expected), "{text} gave {error}");
    }

    #[test]
    fn what_is_invalid_is_named() {
        check("color=red", "`color` is not a parameter");
        check("pause=1s", "`pause` is not a parameter");
        check("delay=soon", "delay=450ms, delay=2s, delay=0");
        check("delay", "`delay` is invalid");
        check("size=-1", "size=4096");
        check("cut=0", "cut=1");
        check("pace=10ms", "cut=100&pace=10ms");
        check("chunked=yes", "chunked=1");
        check("chunked=1&close=1", "only one of them");
        check("status=99", "200 to 599");
        check("status=600", "200 to 599");
        check("set=-1", "set=1, set=0");
        check("set=two", "whole number");
        check("set", "`set` is invalid");
        check("set=1&fails=1", "The parameters are: delay, set.");
        check("fails=often", "fails=1, fails=3");
    }

    #[test]
    fn every_example_works() {
        for known in [FOR_PAGES, FOR_FAULTS, FOR_COUNTERS, FOR_FLAKY] {
            for example in known.iter().flat_map(|parameter| parameter.examples) {
                parse(example, known).expect(example);
            }
        }
    }
}
