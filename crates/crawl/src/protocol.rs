//! The protocol between the runner and a stage's program, version 1.
//!
//! The runner writes one [`Job`] to the program's standard input and closes
//! it. The program answers on standard output with one [`Line`] of JSON for
//! each outcome as it comes, and one for what the crawl cost at the end.
//! Times are microseconds since the crawl began; fractions are cut off.
//! Unknown fields are ignored, so that either side can learn more.

mod activity;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    ErrorKind, InvalidUrl, Limits, Outcome, Phase, Target, Url, Worker,
};

pub use activity::{
    ActivityLine, Did, MAX_PLACE, SLEPT_FROM, State, Tenths,
};

/// The version that both sides speak.
pub const VERSION: u32 = 1;

/// The longest line that is read from a program, in bytes.
pub const MAX_LINE_BYTES: usize = 64 << 10;

/// What a program is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// [`VERSION`].
    pub protocol: u32,
    /// Whether each body is to be hashed.
    #[serde(default)]
    pub digest: bool,
    /// Whether [`Line::Activity`] is asked for.
    #[serde(default)]
    pub activity: bool,
    /// The limits of the crawl.
    pub limits: JobLimits,
    /// What to fetch.
    pub targets: Vec<JobTarget>,
}

/// [`Limits`] in the units of the protocol.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct JobLimits {
    pub concurrency: NonZeroUsize,
    pub deadline_us: u64,
    pub max_head_bytes: usize,
    pub max_body_bytes: u64,
}

impl From<&Limits> for JobLimits {
    fn from(limits: &Limits) -> JobLimits {
        JobLimits {
            concurrency: limits.concurrency,
            deadline_us: micros(limits.deadline),
            max_head_bytes: limits.max_head_bytes,
            max_body_bytes: limits.max_body_bytes,
        }
    }
}

impl From<&JobLimits> for Limits {
    fn from(limits: &JobLimits) -> Limits {
        Limits {
            concurrency: limits.concurrency,
            deadline: Duration::from_micros(limits.deadline_us),
            max_head_bytes: limits.max_head_bytes,
            max_body_bytes: limits.max_body_bytes,
            digest: false, // the job says it
        }
    }
}

/// A [`Target`] in its parts, so that a program need not parse URLs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobTarget {
    /// The whole URL.
    pub url: String,
    /// The `Host` field of the request.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Where to connect to: `127.0.0.1:8000`.
    pub address: SocketAddr,
    /// All addresses of the host in the order in which to try them, where
    /// there are several: `address` is the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<SocketAddr>,
}

impl From<&Target> for JobTarget {
    fn from(target: &Target) -> JobTarget {
        JobTarget {
            url: target.url().to_string(),
            host: target.url().authority().to_owned(),
            path: target.url().path().to_owned(),
            address: target.address(),
            addresses: match target.addresses() {
                [_] => Vec::new(),
                several => several.to_vec(),
            },
        }
    }
}

impl TryFrom<&JobTarget> for Target {
    type Error = InvalidUrl;

    fn try_from(target: &JobTarget) -> Result<Target, InvalidUrl> {
        let url = Url::parse(&target.url)?;
        Ok(match &target.addresses[..] {
            [] => Target::new(url, target.address),
            several => Target::with_addresses(url, several),
        })
    }
}

/// One line of a program's answer: `{"outcome": {…}}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// A fetch ended.
    Outcome(OutcomeLine),
    /// One step of a worker.
    Activity(ActivityLine),
    /// What the crawl cost; the last line.
    Usage(Usage),
}

/// An [`Outcome`] without the body. Milestones that were not reached are
/// null.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeLine {
    /// Index into the job's targets.
    #[serde(deserialize_with = "index")]
    pub target: usize,
    /// Who ran the fetch.
    pub by: Worker,
    /// The status of the page, as a program tells it: it may be one that no
    /// page can have.
    #[serde(default, deserialize_with = "status")]
    pub status: Option<u16>,
    /// Bytes of the body of the page.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub bytes: Option<u64>,
    /// Hexadecimal SHA-256 of the body, where the job asked for it.
    pub sha256: Option<String>,
    /// Where a redirect points.
    pub location: Option<String>,
    /// The content coding that the body still has.
    pub content_encoding: Option<String>,
    /// Why there is no page.
    pub error: Option<ErrorLine>,
    /// When the fetch began.
    #[serde(deserialize_with = "whole")]
    pub started_us: u64,
    /// When the connection was there.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub connected_us: Option<u64>,
    /// When the request was sent.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub sent_us: Option<u64>,
    /// When the first byte came back.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub first_byte_us: Option<u64>,
    /// When the fetch ended.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub finished_us: Option<u64>,
}

impl OutcomeLine {
    /// What the protocol says of an outcome, in a crawl that began at
    /// `began`.
    pub fn new(outcome: &Outcome, began: Instant) -> OutcomeLine {
        let timeline = &outcome.timeline;
        let started = timeline.started.saturating_duration_since(began);
        let since = |milestone: Option<Duration>| {
            milestone.map(|later| micros(started + later))
        };
        let page = outcome.result.as_ref().ok();
        OutcomeLine {
            target: outcome.target,
            by: outcome.by,
            status: page.map(|page| page.status),
            bytes: page.map(|page| page.body.len() as u64),
            sha256: None,
            location: page
                .and_then(|page| page.location.as_deref())
                .map(str::to_owned),
            content_encoding: page
                .and_then(|page| page.content_encoding.as_deref())
                .map(str::to_owned),
            error: outcome.result.as_ref().err().map(|error| ErrorLine {
                kind: error.kind,
                phase: Some(error.phase),
                bytes: error.bytes,
                expected_bytes: error.expected_bytes,
                message: error.message.clone(),
            }),
            started_us: micros(started),
            connected_us: since(timeline.connected),
            sent_us: since(timeline.sent),
            first_byte_us: since(timeline.first_byte),
            finished_us: since(timeline.finished),
        }
    }
}

/// A [`FetchError`](crate::FetchError) in the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLine {
    /// The stable word.
    pub kind: ErrorKind,
    /// How far the fetch had come.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// Bytes of the final answer that had arrived.
    #[serde(default, deserialize_with = "whole")]
    pub bytes: u64,
    /// Bytes that it would have had, where it said so.
    #[serde(default, deserialize_with = "whole_or_null")]
    pub expected_bytes: Option<u64>,
    /// A sentence for people.
    #[serde(default)]
    pub message: String,
}

/// What a crawl cost. A figure that the system does not give is `None`,
/// never 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// From the call of `crawl` to its return.
    #[serde(deserialize_with = "whole_or_null")]
    pub wall_us: Option<u64>,
    /// CPU time in the program's own code.
    #[serde(deserialize_with = "whole_or_null")]
    pub user_us: Option<u64>,
    /// CPU time in the kernel on the program's behalf.
    #[serde(deserialize_with = "whole_or_null")]
    pub system_us: Option<u64>,
    /// Time in which a thread of the program could run and had no
    /// processor: neither asleep nor computing.
    #[serde(deserialize_with = "whole_or_null")]
    pub runnable_us: Option<u64>,
    /// Resident memory just before the crawl.
    #[serde(deserialize_with = "whole_or_null")]
    pub start_rss_bytes: Option<u64>,
    /// The most resident memory during the crawl.
    #[serde(deserialize_with = "whole_or_null")]
    pub peak_rss_bytes: Option<u64>,
    /// Memory that the worker processes had for themselves alone.
    #[serde(deserialize_with = "whole_or_null")]
    pub workers_private_bytes: Option<u64>,
    /// Threads, the calling one included.
    #[serde(deserialize_with = "whole_or_null")]
    pub threads: Option<u64>,
    /// Processes, the calling one included.
    #[serde(deserialize_with = "whole_or_null")]
    pub processes: Option<u64>,
    /// Times that a thread gave up the processor to wait.
    #[serde(deserialize_with = "whole_or_null")]
    pub voluntary_switches: Option<u64>,
    /// Times that the system took the processor away.
    #[serde(deserialize_with = "whole_or_null")]
    pub involuntary_switches: Option<u64>,
    /// Steps of a recorded run that the program had no room for.
    #[serde(
        deserialize_with = "whole_or_null",
        skip_serializing_if = "Option::is_none"
    )]
    pub dropped_steps: Option<u64>,
    /// Numbers of the stage's own, by name.
    #[serde(deserialize_with = "whole_figures")]
    pub figures: BTreeMap<String, u64>,
}

/// A number from 0 up. A language without whole numbers writes `10.7`.
struct Number(f64, u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Number, D::Error> {
        struct Numbers;

        impl Visitor<'_> for Numbers {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0 up")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64, value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
                let whole = u64::try_from(value).map_err(|_| {
                    E::invalid_value(Unexpected::Signed(value), &self)
                })?;
                self.visit_u64(whole)
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Number, E> {
                if value < 0.0 || value.is_nan() {
                    let value = Unexpected::Float(value);
                    return Err(E::invalid_value(value, &self));
                }
                Ok(Number(value, value as u64))
            }
        }

        deserializer.deserialize_any(Numbers)
    }
}

fn whole<'de, D: Deserializer<'de>>(number: D) -> Result<u64, D::Error> {
    Number::deserialize(number).map(|number| number.1)
}

/// A fraction of a time is nothing; half an index is a mistake.
fn index<'de, D: Deserializer<'de>>(number: D) -> Result<usize, D::Error> {
    let Number(exact, whole) = Number::deserialize(number)?;
    if exact != whole as f64 {
        let message = format!("{exact} is not a whole number");
        return Err(D::Error::custom(message));
    }
    usize::try_from(whole).map_err(D::Error::custom)
}

fn whole_or_null<'de, D: Deserializer<'de>>(
    number: D,
) -> Result<Option<u64>, D::Error> {
    let number = Option::<Number>::deserialize(number)?;
    Ok(number.map(|number| number.1))
}

fn whole_figures<'de, D: Deserializer<'de>>(
    figures: D,
) -> Result<BTreeMap<String, u64>, D::Error> {
    let figures = BTreeMap::<String, Number>::deserialize(figures)?;
    let whole = |(name, number): (String, Number)| (name, number.1);
    Ok(figures.into_iter().map(whole).collect())
}

/// A server can send any number as its status. One that does not fit
/// becomes the largest that does, so that the line can still be read.
fn status<'de, D: Deserializer<'de>>(
    number: D,
) -> Result<Option<u16>, D::Error> {
    let number = whole_or_null(number)?;
    Ok(number.map(|number| u16::try_from(number).unwrap_or(u16::MAX)))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_with_all_milestones() {
        let outcome = Outcome::not_fetched(
            3,
            Worker::Thread(2),
            ErrorKind::Io,
            "no\nsocket".to_owned(),
        );
        let line = OutcomeLine::new(&outcome, outcome.timeline.started);
        let json =
            serde_json::to_string(&Line::Outcome(line.clone())).unwrap();
        assert!(
            json.starts_with(
                r#"{"outcome":{"target":3,"by":"thread 2","status":null"#
            ),
            "{json}"
        );
        assert!(
            json.contains(r#""kind":"io","phase":"connecting""#),
            "{json}"
        );
        assert!(
            json.contains(r#""finished_us":null"#) && !json.contains('\n'),
            "{json}"
        );
        let Line::Outcome(back) = serde_json::from_str(&json).unwrap()
        else {
            panic!("{json}")
        };
        assert_eq!(back, line);
    }

    #[test]
    fn a_target_keeps_its_addresses() {
        let addresses =
            ["[::1]:80".parse().unwrap(), "127.0.0.1:80".parse().unwrap()];
        let url = Url::parse("http://localhost/1").unwrap();
        for addresses in [&addresses[..1], &addresses[..]] {
            let target = Target::with_addresses(url.clone(), addresses);
            let json =
                serde_json::to_string(&JobTarget::from(&target)).unwrap();
            let back: JobTarget = serde_json::from_str(&json).unwrap();
            assert_eq!(
                Target::try_from(&back).unwrap().addresses(),
                addresses,
                "{json}"
            );
        }
    }

    #[test]
    fn fractions_are_cut_off() {
        let line = r#"{"outcome": {"target": 0.0, "by": "main",
            "status": 70000, "bytes": 5.0, "started_us": 0.0,
            "connected_us": null, "sent_us": 1e1, "first_byte_us": 10.0,
            "finished_us": 10.7}}"#;
        let Ok(Line::Outcome(outcome)) = serde_json::from_str(line) else {
            panic!("{line}")
        };
        assert_eq!(
            (outcome.started_us, outcome.connected_us, outcome.sent_us),
            (0, None, Some(10))
        );
        assert_eq!(
            (outcome.first_byte_us, outcome.finished_us),
            (Some(10), Some(10))
        );
        assert_eq!(outcome.status, Some(u16::MAX));
        assert_eq!((outcome.target, outcome.bytes), (0, Some(5)));
        let half = line.replace("0.0, \"by\"", "0.5, \"by\"");
        let error = serde_json::from_str::<Line>(&half).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("0.5 is not a whole number"), "{error}");

        let line = r#"{"usage": {"wall_us": 450300.25, "user_us": null,
            "runnable_us": 10.5, "figures": {"cups of coffee": 2.5}}}"#;
        let Ok(Line::Usage(usage)) = serde_json::from_str(line) else {
            panic!("{line}")
        };
        assert_eq!((usage.wall_us, usage.user_us), (Some(450_300), None));
        assert_eq!(usage.runnable_us, Some(10));
        assert_eq!(usage.figures["cups of coffee"], 2);

        for bad in ["-1", "-0.5", "\"10\"", "true"] {
            let line = format!(r#"{{"usage": {{"wall_us": {bad}}}}}"#);
            let error = serde_json::from_str::<Line>(&line).unwrap_err();
            let error = error.to_string();
            assert!(error.contains("a number from 0 up"), "{error}");
        }
    }

    #[test]
    fn a_program_may_leave_out_what_it_does_not_know() {
        let line = r#"{"outcome": {"target": 0, "by": "main",
            "status": 200, "bytes": 5, "started_us": 0, "finished_us": 9,
            "mood": "good"}}"#;
        assert!(matches!(serde_json::from_str(line), Ok(Line::Outcome(_))));
        assert!(matches!(
            serde_json::from_str(r#"{"usage": {}}"#),
            Ok(Line::Usage(_))
        ));
        for nonsense in [
            "3",
            "{}",
            r#"{"outcome": 3}"#,
            r#"{"outcome":{"target":0,"by":"me"}}"#,
        ] {
            assert!(
                serde_json::from_str::<Line>(nonsense).is_err(),
                "{nonsense}"
            );
        }
    }
}
