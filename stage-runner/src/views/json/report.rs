//! A comparison as one document, to be read back; and its outcomes as lines.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use crawl::Limits;
use crawl::protocol::{JobLimits, OutcomeLine, Usage};
use serde::{Deserialize, Serialize};

use super::VERSION;
use super::activity::ActivityLine;
use crate::lineup::{Entrant, Language};
use crate::results::{Build, Doubts, Fault, Machine, Report, Run, Setting, SiteSetting, Status};

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    build: Cow<'a, Build>,
    interrupted: bool,
    urls: Cow<'a, [String]>,
    site: Option<SiteLine>,
    limits: JobLimits,
    rounds: u32,
    digest: bool,
    machine: Cow<'a, Machine>,
    /// The version of the Python of the originals.
    #[serde(default)]
    python: Option<Cow<'a, str>>,
    entrants: Cow<'a, [Entrant]>,
    /// Only where something was recorded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    sources: BTreeMap<String, String>,
    runs: Vec<RunLine<'a>>,
}

#[derive(Serialize, Deserialize)]
struct SiteLine {
    pages: usize,
    delay_us: u64,
    jitter_us: u64,
    size_bytes: u64,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
struct RunLine<'a> {
    stage: Cow<'a, str>,
    language: Language,
    round: u32,
    status: Status,
    /// The fault in words; reading goes by the fault itself.
    reason: Option<Cow<'a, str>>,
    fault: Option<Cow<'a, Fault>>,
    exit: Option<i32>,
    pages: usize,
    failed: usize,
    doubted: Vec<Doubted>,
    wall_includes_start: bool,
    stopped_us: u64,
    usage: Cow<'a, Usage>,
    stderr: Cow<'a, [String]>,
    outcomes: Vec<Located<'a>>,
    /// Only where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    activity: Option<ActivityLine<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Doubted {
    Wall,
    Cpu,
    Memory,
}

#[derive(Serialize, Deserialize)]
struct Located<'a> {
    url: Cow<'a, str>,
    #[serde(flatten)]
    outcome: Cow<'a, OutcomeLine>,
}

#[derive(Serialize)]
struct OneLine<'a> {
    stage: &'a str,
    language: Language,
    round: u32,
    index: usize,
    url: &'a str,
    #[serde(flatten)]
    outcome: &'a OutcomeLine,
}

/// One outcome of an entrant as a line.
pub fn line(setting: &Setting, entrant: &Entrant, round: u32, outcome: &OutcomeLine) -> Vec<u8> {
    let line = OneLine {
        stage: &entrant.name,
        language: entrant.language,
        round,
        index: outcome.target,
        url: &setting.urls[outcome.target],
        outcome,
    };
    let mut line = serde_json::to_vec(&line).expect("an outcome is JSON");
    line.push(b'\n');
    line
}

/// The whole report as one document.
pub fn report(report: &Report) -> Vec<u8> {
    let setting = &report.setting;
    super::printed(&Document {
        version: VERSION,
        build: Cow::Borrowed(&setting.build),
        interrupted: report.interrupted,
        urls: Cow::Borrowed(&setting.urls),
        site: setting.site.as_ref().map(Into::into),
        limits: (&setting.limits).into(),
        rounds: setting.rounds,
        digest: setting.digest,
        machine: Cow::Borrowed(&setting.machine),
        python: setting.python.as_deref().map(Cow::Borrowed),
        entrants: Cow::Borrowed(&report.entrants),
        sources: report.sources.clone(),
        runs: report.runs.iter().map(|run| RunLine::new(report, run)).collect(),
    })
}

/// Why a text is not a report.
#[derive(Debug)]
pub struct ReadError(String);

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ReadError {}

/// Reads back what `--format json` printed.
///
/// # Errors
/// It is not such a document, or contradicts itself.
pub fn read_report(text: &[u8]) -> Result<Report, ReadError> {
    let document: Document<'_> = serde_json::from_slice(text)
        .map_err(|error| ReadError(format!("not a report of --format json: {error}")))?;
    if document.version != VERSION {
        let version = document.version;
        return Err(ReadError(format!("a report of version {version}: this reads {VERSION}")));
    }
    let setting = Setting {
        urls: document.urls.into_owned(),
        site: document.site.map(Into::into),
        limits: Limits::from(&document.limits),
        rounds: document.rounds,
        digest: document.digest,
        build: document.build.into_owned(),
        machine: document.machine.into_owned(),
        python: document.python.map(Cow::into_owned),
    };
    let entrants = document.entrants.into_owned();
    let urls = setting.urls.len();
    let runs = document.runs.into_iter().map(|run| run.read(&entrants, urls));
    let runs = runs.collect::<Result<_, ReadError>>()?;
    let (interrupted, sources) = (document.interrupted, document.sources);
    Ok(Report { setting, entrants, runs, interrupted, sources })
}

impl<'a> RunLine<'a> {
    fn new(report: &'a Report, run: &'a Run) -> RunLine<'a> {
        let entrant = &report.entrants[run.entrant];
        let located = |outcome: &'a OutcomeLine| Located {
            url: Cow::Borrowed(&report.setting.urls[outcome.target]),
            outcome: Cow::Borrowed(outcome),
        };
        RunLine {
            stage: Cow::Borrowed(&entrant.name),
            language: entrant.language,
            round: run.round,
            status: run.status,
            reason: run.fault.as_ref().map(|fault| fault.to_string().into()),
            fault: run.fault.as_ref().map(Cow::Borrowed),
            exit: run.exit,
            pages: run.pages(),
            failed: run.failed(),
            doubted: doubted(run.doubts),
            wall_includes_start: run.wall_includes_start,
            stopped_us: run.stopped_us,
            usage: Cow::Borrowed(&run.usage),
            stderr: Cow::Borrowed(&run.stderr),
            outcomes: run.reported().map(located).collect(),
            activity: run.activity.as_ref().map(ActivityLine::new),
        }
    }

    fn read(self, entrants: &[Entrant], urls: usize) -> Result<Run, ReadError> {
        let name = &*self.stage;
        let is_its = |entrant: &Entrant| entrant.name == name && entrant.language == self.language;
        let entrant = entrants.iter().position(is_its);
        let entrant = entrant
            .ok_or_else(|| ReadError(format!("no entrant is called {name:?}, as a run is")))?;
        let mut outcomes = match self.status {
            Status::Skipped => Vec::new(),
            Status::Ok | Status::Failed => vec![None; urls],
        };
        for Located { outcome, .. } in self.outcomes {
            let target = outcome.target;
            let place = outcomes.get_mut(target);
            let place = place.ok_or_else(|| {
                ReadError(format!("an outcome of {name} is about target {target} of {urls}"))
            })?;
            check_times(&outcome).map_err(|why| {
                ReadError(format!("the outcome of {name} for target {target} {why}"))
            })?;
            *place = Some(outcome.into_owned());
        }
        let activity = self.activity.map(|activity| activity.read(urls)).transpose();
        let activity = activity
            .map_err(|why| ReadError(format!("the activity of {name} is invalid: {why}")))?;
        let doubts = |doubted| self.doubted.contains(&doubted);
        Ok(Run {
            entrant,
            round: self.round,
            status: self.status,
            exit: self.exit,
            wall_includes_start: self.wall_includes_start,
            stopped_us: self.stopped_us,
            outcomes,
            doubts: Doubts {
                wall: doubts(Doubted::Wall),
                cpu: doubts(Doubted::Cpu),
                memory: doubts(Doubted::Memory),
            },
            fault: self.fault.map(Cow::into_owned),
            usage: self.usage.into_owned(),
            stderr: self.stderr.into_owned(),
            activity,
        })
    }
}

/// No crawl lasts longer than eleven days; sums of such times stay numbers.
const LATEST_US: u64 = 1_000_000_000_000;

/// What runs say has been checked; what stands in a file has not.
fn check_times(outcome: &OutcomeLine) -> Result<(), String> {
    let finished = outcome.finished_us.unwrap_or(LATEST_US);
    let milestones = [
        ("connected_us", outcome.connected_us),
        ("sent_us", outcome.sent_us),
        ("first_byte_us", outcome.first_byte_us),
        ("finished_us", outcome.finished_us),
    ];
    for (name, time) in milestones {
        match time {
            Some(time) if time < outcome.started_us => {
                return Err(format!("has {name} before started_us"));
            }
            Some(time) if time > finished => return Err(format!("has {name} after finished_us")),
            _ => {}
        }
    }
    match outcome.started_us.max(finished) {
        ..=LATEST_US => Ok(()),
        late => Err(format!("is at {late} µs, and {LATEST_US} µs is the latest")),
    }
}

fn doubted(doubts: Doubts) -> Vec<Doubted> {
    let all = [
        (Doubted::Wall, doubts.wall),
        (Doubted::Cpu, doubts.cpu),
        (Doubted::Memory, doubts.memory),
    ];
    all.into_iter().filter_map(|(figure, is_doubted)| is_doubted.then_some(figure)).collect()
}

impl From<&SiteSetting> for SiteLine {
    fn from(site: &SiteSetting) -> SiteLine {
        SiteLine {
            pages: site.pages,
            delay_us: site.delay.as_micros() as u64,
            jitter_us: site.jitter.as_micros() as u64,
            size_bytes: site.size_bytes,
            seed: site.seed,
        }
    }
}

impl From<SiteLine> for SiteSetting {
    fn from(site: SiteLine) -> SiteSetting {
        SiteSetting {
            pages: site.pages,
            delay: Duration::from_micros(site.delay_us),
            jitter: Duration::from_micros(site.jitter_us),
            size_bytes: site.size_bytes,
            seed: site.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use crawl::ErrorKind;
    use crawl::protocol::OutcomeLine;

    use super::*;
    use crate::lineup::Languages;
    use crate::results::{Ending, WrongLine};
    use crate::views::sample::{self, fail, leave};

    fn text(report: &Report) -> String {
        String::from_utf8(super::report(report)).unwrap()
    }

    /// All of it: what is read back is what was written.
    #[track_caller]
    fn comes_back(report: &Report) {
        let text = text(report);
        let back = read_report(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(format!("{back:#?}"), format!("{report:#?}"));
    }

    #[test]
    fn a_report_comes_back_from_its_json() {
        comes_back(&sample::report("", &[]).with_rounds(3).run());
        comes_back(&sample::report("epoll", &[]));
        comes_back(&sample::report_in(Languages::Both, "epoll,tokio", &[]).with_rounds(2).run());
        let urls = ["http://a.test/1", "http://b.test/\u{1b}"];
        let mut failed = sample::report("blocking,epoll", &[]).with_urls(&urls).run();
        failed.setting.digest = true;
        fail(&mut failed.runs[1], 1, ErrorKind::Timeout, "no answer within 10 s", 10_000_000);
        comes_back(&failed);

        let mut interrupted = sample::report("blocking,epoll", &[]).run();
        interrupted.runs.truncate(1);
        interrupted.runs[0].outcomes[3] = None;
        interrupted.runs[0].fault = Some(Fault::Interrupted);
        interrupted.interrupted = true;
        comes_back(&interrupted);

        let mut odd = sample::report("epoll,mine", &["mine=./crawl"]).run();
        odd.runs[0] = Run::skipped(0, 0, "this system has no such thing".to_owned());
        odd.runs[1].doubts = Doubts { wall: true, cpu: false, memory: true };
        odd.runs[1].stderr = vec!["a note".to_owned()];
        odd.runs[1].exit = None;
        odd.runs[1].stopped_us = 12_000_000;
        odd.runs[1].wall_includes_start = true;
        odd.setting.machine.cpus = None;
        odd.setting.machine.descriptors = Some(64);
        comes_back(&odd);
    }

    fn recorded() -> Report {
        let mut report = sample::report("epoll", &[]).run();
        let mut run = report.runs.remove(0);
        run.activity = Some(sample::activity());
        report.add(run);
        report
    }

    #[test]
    fn a_recorded_run_comes_back() {
        let report = recorded();
        comes_back(&report);
        let hash = report.sources["crates/05-callbacks/src/lib.rs"].clone();
        assert_eq!(report.sources.len(), 1, "a program's file is not read: {:?}", report.sources);
        let text = text(&report);
        assert!(text.contains(&hash), "{text}");
        let row = r#"[0.3,100,0,"begun","running",0,0,null,false]"#;
        assert!(text.lines().any(|line| line.trim() == format!("{row},")), "{text}");
        let unrecorded = self::text(&sample::report("epoll", &[]).run());
        assert!(!unrecorded.contains("activity") && !unrecorded.contains("sources"));

        // Later versions may have more columns, and others in front.
        let later = text.replace("\"from_us\",", "\"mood\", \"from_us\",");
        let later = later.replace("[0.3,", "[\"good\",0.3,").replace("[100.3,", "[null,100.3,");
        let back = read_report(later.as_bytes()).unwrap();
        assert_eq!(back.runs[0].activity, report.runs[0].activity);
    }

    #[test]
    fn what_cannot_have_been_recorded_is_refused() {
        let refused = |from: &str, to: &str, why: &str| {
            let text = text(&recorded());
            assert!(text.contains(from), "{from} is not in {text}");
            let error = read_report(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        let row = |what: &str| format!("the activity of epoll is invalid: row 0: {what}");
        refused("[0.3,100,0", "[0.3,100,2", &row("worker 2 of 1 (from 0)"));
        refused("0,0,null,f", "10,0,null,f", &row("target 10 of 10 (from 0)"));
        refused("0,0,null,f", "0,7,null,f", &row("place 7 of 2 (from 0)"));
        refused("[0.3,", "[-1,", &row("its from_us: invalid value"));
        refused("\"running\"", "\"dancing\"", &row("its state: unknown variant `dancing`"));
        refused("\"did\"", "\"done\"", &row("it has no did"));
        refused("[0.3,100,", "[0.3,100.1,", "row 1: it begins before its worker's last step ends");
        refused("[0.3,", "[100.4,", "row 1: it begins before the row above it");
    }

    #[test]
    fn every_fault_comes_back() {
        let milestone = || "sent_us".to_owned();
        let wrong = [
            WrongLine::NotAnOutcome { shown: "hello".to_owned(), object: None },
            WrongLine::NotAnOutcome { shown: "{}".to_owned(), object: Some("empty".to_owned()) },
            WrongLine::TooLong,
            WrongLine::AfterUsage,
            WrongLine::UnknownTarget { target: 7, targets: 2 },
            WrongLine::SecondOutcome { target: 1 },
            WrongLine::StatusAndError,
            WrongLine::NeitherStatusNorError,
            WrongLine::StatusWithoutFinish,
            WrongLine::InvalidDigest,
            WrongLine::BeforeStart { milestone: milestone() },
            WrongLine::AfterFinish { milestone: milestone() },
            WrongLine::FromTheFuture { latest_us: 9, running_us: 3 },
            WrongLine::StepBackwards,
            WrongLine::StepOverlaps { by: "thread 1".to_owned() },
        ];
        let ended = |how| Fault::Ended { how, unanswered: 9 };
        let not_started = |is_shortage| Fault::NotStarted {
            program: "./crawl".to_owned(),
            why: "no such file".to_owned(),
            is_shortage,
        };
        let faults = [
            not_started(false),
            not_started(true),
            Fault::Hung { silent_us: 15_000_000 },
            ended(Ending::Exit(3)),
            ended(Ending::Signal("SIGKILL".to_owned())),
            ended(Ending::Other("gone".to_owned())),
            Fault::Interrupted,
        ];
        let wrong = wrong.into_iter().map(|wrong| Fault::WrongLine { line: 3, wrong });
        for fault in faults.into_iter().chain(wrong) {
            let mut report = sample::report("", &["mine=./crawl"]).run();
            leave(&mut report.runs[0], 1, fault);
            comes_back(&report);
        }
    }

    #[test]
    fn the_words_of_a_fault_are_in_the_json_as_well() {
        let mut report = sample::report("", &["mine=./crawl"]).run();
        leave(&mut report.runs[0], 1, Fault::Ended { how: Ending::Exit(3), unanswered: 9 });
        let json: serde_json::Value = serde_json::from_str(&text(&report)).unwrap();
        let run = &json["runs"][0];
        assert_eq!(run["reason"], "ended with exit status 3 and left 9 pages without an outcome");
        assert_eq!(run["fault"]["kind"], "ended");
        assert_eq!((&run["language"], &run["status"]), (&"program".into(), &"failed".into()));
    }

    #[test]
    fn what_is_not_a_report_is_refused() {
        let report = sample::report("epoll", &[]).run();
        let refused = |from: &str, to: &str, why: &str| {
            let text = text(&report);
            assert!(text.contains(from), "{from}");
            let error = read_report(text.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        };
        refused("\"version\": 1", "\"version\": 2", "a report of version 2: this reads 1");
        refused("\"stage\": \"epoll\"", "\"stage\": \"poll\"", "no entrant is called \"poll\"");
        refused("\"target\": 9", "\"target\": 10", "an outcome of epoll is about target 10 of 10");
        refused("\"started_us\": 12,", "\"started_us\": 999999999,", "has connected_us before");
        refused("\"finished_us\": 450612", "\"finished_us\": 13", "connected_us after finished_us");
        let late = format!("\"finished_us\": {}", u64::MAX);
        refused("\"finished_us\": 450612", &late, "is the latest");
        refused("\"entrants\"", "\"guests\"", "missing field `entrants`");
        refused("{", "[", "not a report");
    }

    /// As those are that were written before there were originals.
    #[test]
    fn a_report_need_not_know_python() {
        let text = text(&sample::report("epoll", &[]).run()).replace("  \"python\": null,\n", "");
        assert!(!text.contains("python"));
        assert_eq!(read_report(text.as_bytes()).unwrap().setting.python, None);
    }

    #[test]
    fn the_languages_are_told_apart() {
        let report = sample::report_in(Languages::Both, "epoll", &[]).run();
        let json: serde_json::Value = serde_json::from_str(&text(&report)).unwrap();
        let runs = json["runs"].as_array().unwrap().iter();
        let found: Vec<_> = runs.map(|run| (&run["stage"], &run["language"])).collect();
        let epoll = serde_json::json!("epoll");
        let (rust, python) = (serde_json::json!("rust"), serde_json::json!("python"));
        assert_eq!(found, [(&epoll, &rust), (&epoll, &python)]);
        assert_eq!(json["python"], "3.11.7");
    }

    #[test]
    fn a_line_is_one_outcome() {
        let report = sample::report("epoll", &[]).run();
        let outcome = report.runs[0].outcomes[4].as_ref().unwrap();
        let line = line(&report.setting, &report.entrants[0], 2, outcome);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let json: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&json["stage"], &json["round"]), (&"epoll".into(), &2.into()));
        assert_eq!((&json["index"], &json["url"]), (&4.into(), &"http://127.0.0.1:8000/5".into()));
        assert_eq!(&serde_json::from_value::<OutcomeLine>(json).unwrap(), outcome);
    }
}
