//! What a worker did, step by step.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Number;
use crate::Worker;

/// A time in tenths of a microsecond; in the protocol a number of
/// microseconds. Of the steps of a run, one in eight takes less than a
/// microsecond.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord,
)]
pub struct Tenths(pub u64);

/// One step of one worker: what it did from when to when. The steps of a
/// worker follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityLine {
    /// Which worker.
    pub by: Worker,
    /// What began the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did: Option<Did>,
    /// What the worker was busy with.
    pub state: State,
    /// Whose code it was: an index into the job's targets. It is left out
    /// for the loop's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<usize>,
    /// From when.
    pub from_us: Tenths,
    /// To when.
    pub to_us: Tenths,
    /// Whether the thread slept in it. Where it is left out, a call of
    /// [`SLEPT_FROM`] and more counts as asleep.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asleep: Option<bool>,
    /// How often a socket was asked that was not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<u64>,
    /// Bytes that were sent or received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many sockets were ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<u64>,
    /// Where in the code: `file:line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

/// How long a step in a call takes that counts as asleep, where nobody says
/// whether it was.
pub const SLEPT_FROM: Tenths = Tenths(1_000);

/// The longest [`at`](ActivityLine::at) that is kept, in characters.
pub const MAX_PLACE: usize = 200;

/// What a worker is busy with during a step.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The worker is being started.
    Starting,
    /// In a call that connects.
    Connecting,
    /// In a call that sends.
    Sending,
    /// In a call that receives.
    Receiving,
    /// In a call that waits for many sockets.
    Selecting,
    /// In calls that fail, again and again, because a socket is not ready.
    Spinning,
    /// In code of its own.
    Running,
}

/// What began a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Did {
    /// A fetch began.
    Begun,
    /// The worker makes a call that may sleep.
    Calling,
    /// A connection was begun, and nobody waits for it.
    Connecting,
    /// The connection is there.
    Connected,
    /// The worker makes a call that sends.
    Sending,
    /// Bytes were sent.
    Sent,
    /// The fetch has said what it waits for, and stands aside.
    Parked,
    /// The worker waits for all sockets at once.
    Slept,
    /// The wait is over.
    Woken,
    /// The fetch goes on.
    Resumed,
    /// Bytes have arrived, or the end of the stream.
    Received,
    /// The worker asks sockets that are not ready, again and again.
    Asked,
    /// A call failed.
    Failed,
    /// A fetch ended.
    Finished,
    /// A word that only the program knows.
    Other(String),
}

impl Did {
    /// All the known ones.
    pub const KNOWN: [Did; 14] = [
        Did::Begun,
        Did::Calling,
        Did::Connecting,
        Did::Connected,
        Did::Sending,
        Did::Sent,
        Did::Parked,
        Did::Slept,
        Did::Woken,
        Did::Resumed,
        Did::Received,
        Did::Asked,
        Did::Failed,
        Did::Finished,
    ];

    /// The word in the protocol.
    pub fn word(&self) -> &str {
        match self {
            Did::Begun => "begun",
            Did::Calling => "calling",
            Did::Connecting => "connecting",
            Did::Connected => "connected",
            Did::Sending => "sending",
            Did::Sent => "sent",
            Did::Parked => "parked",
            Did::Slept => "slept",
            Did::Woken => "woken",
            Did::Resumed => "resumed",
            Did::Received => "received",
            Did::Asked => "asked",
            Did::Failed => "failed",
            Did::Finished => "finished",
            Did::Other(word) => word,
        }
    }
}

impl From<String> for Did {
    fn from(word: String) -> Did {
        let known = Did::KNOWN.into_iter().find(|did| did.word() == word);
        known.unwrap_or(Did::Other(word))
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Did {
    fn serialize<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Did {
    fn deserialize<D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Did, D::Error> {
        String::deserialize(deserializer).map(Did::from)
    }
}

impl Tenths {
    /// Whole microseconds.
    pub fn micros(self) -> u64 {
        self.0 / 10
    }

    /// Microseconds with one decimal.
    pub fn micros_f64(self) -> f64 {
        self.0 as f64 / 10.0
    }
}

impl From<Duration> for Tenths {
    fn from(duration: Duration) -> Tenths {
        let tenths = duration.as_nanos() / 100;
        Tenths(u64::try_from(tenths).unwrap_or(u64::MAX))
    }
}

impl Serialize for Tenths {
    fn serialize<S: Serializer>(
        &self,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match self.0 % 10 {
            0 => serializer.serialize_u64(self.micros()),
            _ => serializer.serialize_f64(self.micros_f64()),
        }
    }
}

/// What is finer than a tenth is cut off.
impl<'de> Deserialize<'de> for Tenths {
    fn deserialize<D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Tenths, D::Error> {
        let Number(micros, whole) = Number::deserialize(deserializer)?;
        if micros == whole as f64 {
            return Ok(Tenths(whole.saturating_mul(10)));
        }
        // A float such as 0.3 lies a little below the number it stands for.
        Ok(Tenths((micros * 10.0 + 1e-6) as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Line;

    #[test]
    fn times_keep_one_decimal() {
        let back =
            |text: &str| serde_json::from_str::<Tenths>(text).unwrap();
        for (text, tenths) in
            [("3", 30), ("4.29", 42), ("0.3", 3), ("1e3", 10_000), ("0", 0)]
        {
            assert_eq!(back(text), Tenths(tenths), "{text}");
        }
        for tenths in (0..20_000).chain([4_503_599_627_370_497]) {
            let text = serde_json::to_string(&Tenths(tenths)).unwrap();
            assert_eq!(back(&text), Tenths(tenths), "{text}");
        }
        assert_eq!(Tenths::from(Duration::from_nanos(1_299)), Tenths(12));
        assert!(serde_json::from_str::<Tenths>("-1").is_err());
    }

    #[test]
    fn a_step_is_one_line() {
        let least = r#"{"activity":{"by":"main","state":"running",
            "from_us":3.09,"to_us":4.29}}"#;
        let Ok(Line::Activity(step)) = serde_json::from_str(least) else {
            panic!("{least}")
        };
        assert_eq!((step.from_us, step.to_us), (Tenths(30), Tenths(42)));
        assert_eq!(
            (step.did, step.target, step.asleep),
            (None, None, None)
        );

        let whole = concat!(
            r#"{"activity":{"by":"thread 2","did":"received","#,
            r#""state":"running","target":1,"from_us":3,"to_us":4.2,"#,
            r#""asleep":true,"bytes":7,"at":"a.rs:1"}}"#,
        );
        let line: Line = serde_json::from_str(whole).unwrap();
        assert_eq!(serde_json::to_string(&line).unwrap(), whole);
    }

    #[test]
    fn unknown_words_stay_as_they_are() {
        for did in Did::KNOWN {
            assert_eq!(Did::from(did.word().to_owned()), did);
        }
        let slept = serde_json::from_str::<Did>(r#""brewed""#).unwrap();
        assert_eq!(slept, Did::Other("brewed".to_owned()));
        assert_eq!(serde_json::to_string(&slept).unwrap(), r#""brewed""#);
    }
}
