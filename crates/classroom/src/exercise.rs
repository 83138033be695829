//! What `exercise.toml` says, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use practice_site::{Config, Site};
use serde::Deserialize;
use toml::Spanned;

use crate::Folder;
use crate::rules::{BASICS, Given, Judged, RULES, Rule, THREADS, Takes, Value, renamed};
use crate::words::{either, nearest};

/// The file that makes a folder an exercise.
const FILE: &str = "exercise.toml";

/// How many hints each reason has.
pub const LEVELS: usize = 3;

/// What a job allows where the exercise says nothing.
const DEADLINE: Duration = Duration::from_secs(5);

/// A program that says nothing for this long after the deadline is hung: the runner's own rule.
const HUNG_AFTER: Duration = Duration::from_secs(5);

/// Between the worst right and the best wrong program lies at least this factor.
pub(crate) const GAP: f64 = 2.0;

/// An exercise: the runs of a program, and what each is judged by.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// `3a`.
    pub id: String,
    /// `three at a time`.
    pub name: String,
    /// The chapter of the book that it belongs to.
    pub chapter: u32,
    /// What it asks for, in one line.
    pub question: String,
    /// The reason for which the start fails.
    pub start: String,
    /// What its programs in Rust are made of, if it has any.
    pub rust: Option<Rust>,
    /// In this order, up to the first that fails.
    pub runs: Vec<Run>,
    /// By reason: a question, a place to look, the idea in words.
    pub hints: BTreeMap<String, [String; LEVELS]>,
}

/// What a program in Rust is made of: a stage, changed by the exercise's `scene.patch` where there
/// is one, with the student's file in it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rust {
    /// The folder of the stage in `crates/`.
    pub stage: String,
    /// The file that the student changes, in the crate: `src/join.rs`.
    pub file: String,
}

/// One run of the program.
#[derive(Clone, Debug)]
pub struct Run {
    /// What it is about: `long and short pages`.
    pub says: String,
    /// How many fetches the job allows in flight.
    pub concurrency: NonZeroUsize,
    /// The time that it allows for each.
    pub deadline: Duration,
    /// A program that says nothing for so long is hung.
    pub silence: Duration,
    /// Path and query of each target. A fault with a port of its own is `/fault/NAME` here, too.
    pub paths: Vec<String>,
    /// What serves them.
    pub site: Config,
    /// Whether a child process that has a connection to the site is to be killed.
    pub kill_one_worker: bool,
    /// How many descriptors the program may have open, where that is limited.
    pub descriptors: Option<u32>,
    /// What it is judged by, after the [`BASICS`].
    pub rules: Vec<Given>,
    /// How this run calls a reason of the basics.
    instead: BTreeMap<String, String>,
}

/// What is wrong with an exercise, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The line of `exercise.toml`, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and what would work.
    pub what: String,
}

impl Exercise {
    /// Reads an exercise.
    ///
    /// # Errors
    /// What is wrong with its `exercise.toml`, and what would work.
    pub fn read(folder: &Folder) -> Result<Exercise, Wrong> {
        Exercise::parse(folder.id(), folder.text(FILE)?)
    }

    /// Reads the text of an `exercise.toml`.
    ///
    /// # Errors
    /// What is wrong with it, and what would work.
    pub fn parse(id: &str, text: &str) -> Result<Exercise, Wrong> {
        let reader = Reader { text };
        let file: File = toml::from_str(text).map_err(|error| reader.not_toml(&error))?;
        let mut runs = Vec::new();
        if file.run.is_empty() {
            return Err(Wrong::new("it has no [[run]]: a run has `paths` and `rules`".to_owned()));
        }
        for run in &file.run {
            runs.push(reader.run(&file, run, runs.len())?);
        }
        let exercise = Exercise {
            id: id.to_owned(),
            name: file.name,
            chapter: file.chapter,
            question: file.question,
            start: file.start.get_ref().clone(),
            rust: file.rust,
            runs,
            hints: file
                .hints
                .iter()
                .map(|(reason, hints)| (reason.get_ref().clone(), hints.clone()))
                .collect(),
        };
        let reasons = exercise.reasons();
        for (reason, what) in file
            .hints
            .keys()
            .map(|reason| (reason, "hints for"))
            .chain([(&file.start, "the start fails for")])
        {
            if !reasons.contains(reason.get_ref().as_str()) {
                let known = either(reasons.iter().copied());
                let name = reason.get_ref();
                return Err(reader.wrong(
                    reason.span().start,
                    format!("{what} `{name}`: no rule of this exercise finds that; write {known}"),
                ));
            }
        }
        Ok(exercise)
    }

    /// The hint of this level, from 1, for this reason: the exercise's own, or that of the basics.
    pub fn hint(&self, reason: &str, level: usize) -> Option<&str> {
        let own = self.hints.get(reason).map(|levels| levels.each_ref().map(String::as_str));
        let levels = own.or_else(|| {
            let basics = HINTS_FOR_THE_BASICS.iter().find(|(known, _)| *known == reason)?;
            Some(basics.1)
        })?;
        levels.get(level.checked_sub(1)?).copied()
    }

    /// Every reason that a program can fail for.
    pub fn reasons(&self) -> BTreeSet<&str> {
        let rules = self.runs.iter().flat_map(|run| run.rules.iter().flat_map(Given::reasons));
        let basics = self.runs.iter().flat_map(Run::reasons_of_the_basics);
        rules.chain(basics).collect()
    }
}

impl Run {
    /// The URL of each target on this site.
    ///
    /// # Errors
    /// This system cannot produce one of the faults: its name.
    pub fn urls(&self, site: &Site) -> Result<Vec<String>, String> {
        let url = |path: &String| {
            let Some(rest) = path.strip_prefix("/fault/") else { return Ok(site.url(path)) };
            let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
            let url = site.fault_url(name).ok_or_else(|| name.to_owned())?;
            Ok(if query.is_empty() { url } else { format!("{url}?{query}") })
        };
        self.paths.iter().map(url).collect()
    }

    /// Whether one of its rules judges a time.
    pub fn has_time_rules(&self) -> bool {
        self.rules.iter().any(|given| given.rule.is_time)
    }

    /// Whether one of its rules counts the threads that a program starts.
    pub fn counts_threads(&self) -> bool {
        self.rules.iter().any(|given| given.rule.name == THREADS.name)
    }

    /// What the basics found, as this run calls it.
    pub(crate) fn renamed(&self, judged: Judged) -> Judged {
        renamed(judged, |reason| self.instead.get(reason).cloned())
    }

    fn reasons_of_the_basics(&self) -> impl Iterator<Item = &str> {
        let name =
            |reason: &&'static str| self.instead.get(*reason).map_or(*reason, String::as_str);
        BASICS.reasons.iter().map(name)
    }
}

impl Wrong {
    pub(crate) fn new(what: String) -> Wrong {
        Wrong { line: None, what }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{FILE}, line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Wrong {}

/// What helps in every exercise, unless it has hints of its own for the reason.
const HINTS_FOR_THE_BASICS: &[(&str, [&str; LEVELS])] = &[
    (
        "hung",
        [
            "What does the program wait for, and who is to bring it?",
            "Look at every place where the program sleeps: a lock, a join, a queue, a socket.",
            "Whoever waits needs somebody who is sure to wake it, also after a failure.",
        ],
    ),
    (
        "protocol",
        [
            "Who reads the standard output of the program?",
            "Look for each `print`, and for what writes to standard output at the same time.",
            "Each line is one outcome (docs/protocol.md), from one writer at a time; notes go to \
             standard error.",
        ],
    ),
    (
        "crashed",
        [
            "What are the last words of the program on standard error?",
            "Look at the line that they name: `stage-runner check -v` shows all of them.",
            "An error that nobody catches ends the program, and with it all other fetches.",
        ],
    ),
    (
        "missing",
        [
            "What happens to the fetches that are under way when the program ends?",
            "Look at what the program waits for before its last line.",
            "Each target needs an outcome: a page, or an error where there is none.",
        ],
    ),
];

/// `exercise.toml` as it stands there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    name: String,
    chapter: u32,
    question: String,
    start: Spanned<String>,
    rust: Option<Rust>,
    concurrency: Option<Spanned<u32>>,
    deadline: Option<Spanned<String>>,
    /// Of a piece of the museum: what [`Piece`](crate::Piece) reads.
    #[serde(default, rename = "museum")]
    _museum: Option<toml::Table>,
    #[serde(default)]
    site: SiteTable,
    #[serde(default)]
    run: Vec<RunTable>,
    #[serde(default)]
    hints: BTreeMap<Spanned<String>, [String; LEVELS]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RunTable {
    says: Option<String>,
    concurrency: Option<Spanned<u32>>,
    deadline: Option<Spanned<String>>,
    silence: Option<Spanned<String>>,
    paths: Spanned<Paths>,
    #[serde(default)]
    site: SiteTable,
    #[serde(default)]
    kill_one_worker: bool,
    descriptors: Option<u32>,
    #[serde(default)]
    instead: BTreeMap<Spanned<String>, String>,
    rules: Vec<Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a list of paths, or { repeat = 4, of = [\"/{n}\"] }")]
enum Paths {
    List(Vec<String>),
    Repeated(Repeated),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Repeated {
    repeat: usize,
    of: Vec<String>,
    /// How much longer each path is, by `&` at its end.
    #[serde(default)]
    longer_by: usize,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteTable {
    delay: Option<Spanned<String>>,
    jitter: Option<Spanned<String>>,
    size: Option<u64>,
    seed: Option<u64>,
    #[serde(default)]
    narrow: bool,
}

/// Reads the parts, and knows the text, so that it can name a line.
struct Reader<'a> {
    text: &'a str,
}

/// A run has no more targets than this.
const MOST_PATHS: usize = 10_000;

/// The site takes requests of up to 16 KiB.
const MOST_LONGER: usize = 15_000;

impl Reader<'_> {
    fn not_toml(&self, error: &toml::de::Error) -> Wrong {
        let line = error.span().map(|span| self.line(span.start));
        Wrong { line, what: for_people(error.message()) }
    }

    fn wrong(&self, at: usize, what: String) -> Wrong {
        Wrong { line: Some(self.line(at)), what }
    }

    fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|b| **b == b'\n').count() + 1
    }

    fn run(&self, file: &File, run: &RunTable, number: usize) -> Result<Run, Wrong> {
        let concurrency = run.concurrency.as_ref().or(file.concurrency.as_ref());
        let concurrency = concurrency.ok_or_else(|| {
            let what = "this run has no `concurrency`: write concurrency = 3, here or above";
            self.wrong(run.paths.span().start, what.to_owned())
        })?;
        let at_once = usize::try_from(*concurrency.get_ref()).unwrap_or(usize::MAX);
        let at_once = NonZeroUsize::new(at_once).ok_or_else(|| {
            let what = "concurrency = 0: at least 1 fetch must be in flight".to_owned();
            self.wrong(concurrency.span().start, what)
        })?;
        let deadline = run.deadline.as_ref().or(file.deadline.as_ref());
        let deadline = self.time_or(deadline, DEADLINE)?;
        let silence = self.time_or(run.silence.as_ref(), deadline + HUNG_AFTER)?;
        let paths = self.paths(&run.paths)?;
        let mut instead = BTreeMap::new();
        for (reason, other) in &run.instead {
            if !BASICS.reasons.contains(&reason.get_ref().as_str()) {
                let known = either(BASICS.reasons.iter().copied());
                let what = format!("instead of `{}`: write {known}", reason.get_ref());
                return Err(self.wrong(reason.span().start, what));
            }
            instead.insert(reason.get_ref().clone(), other.clone());
        }
        let rules = run.rules.iter().map(|rule| self.rule(rule, number));
        Ok(Run {
            says: run.says.clone().unwrap_or_else(|| format!("run {}", number + 1)),
            concurrency: at_once,
            deadline,
            silence,
            site: self.site(&file.site, &run.site, paths.len())?,
            paths,
            kill_one_worker: run.kill_one_worker,
            descriptors: run.descriptors,
            rules: rules.collect::<Result<_, Wrong>>()?,
            instead,
        })
    }

    fn site(&self, file: &SiteTable, run: &SiteTable, paths: usize) -> Result<Config, Wrong> {
        let default = Config::default();
        let time = |of: fn(&SiteTable) -> &Option<Spanned<String>>, default| {
            self.time_or(of(run).as_ref().or(of(file).as_ref()), default)
        };
        Ok(Config {
            pages: paths.max(1000),
            delay: time(|site| &site.delay, Duration::from_millis(100))?,
            jitter: time(|site| &site.jitter, Duration::ZERO)?,
            size: run.size.or(file.size).unwrap_or(default.size),
            seed: run.seed.or(file.seed).unwrap_or(default.seed),
            events: true,
            narrow: run.narrow || file.narrow,
            ..default
        })
    }

    fn paths(&self, paths: &Spanned<Paths>) -> Result<Vec<String>, Wrong> {
        let wrong = |what: String| self.wrong(paths.span().start, what);
        let (of, repeat, longer_by) = match paths.get_ref() {
            Paths::List(of) => (of, 1, 0),
            Paths::Repeated(Repeated { repeat, of, longer_by }) => (of, *repeat, *longer_by),
        };
        if longer_by > MOST_LONGER {
            return Err(wrong(format!("longer-by = {longer_by}: at most {MOST_LONGER} bytes")));
        }
        let many = of.len().saturating_mul(repeat);
        if many == 0 || many > MOST_PATHS {
            return Err(wrong(format!("{many} paths: a run has 1 to {MOST_PATHS}")));
        }
        if let Some(path) = of.iter().find(|path| !path.starts_with('/')) {
            return Err(wrong(format!("the path `{path}` does not begin with /: write \"/1\"")));
        }
        let all = of.iter().cycle().take(many).enumerate();
        // The site ignores a `&` with nothing behind it.
        let more = "&".repeat(longer_by);
        let all: Vec<String> = all
            .map(|(index, path)| path.replace("{n}", &(index + 1).to_string()) + &more)
            .collect();
        for path in &all {
            practice_site::check_path(path).map_err(|why| wrong(format!("`{path}`: {why}")))?;
        }
        Ok(all)
    }

    fn time_or(&self, text: Option<&Spanned<String>>, or: Duration) -> Result<Duration, Wrong> {
        let Some(text) = text else { return Ok(or) };
        time(text.get_ref()).ok_or_else(|| {
            let what = format!("`{}` is not a time: write \"450ms\" or \"2s\"", text.get_ref());
            self.wrong(text.span().start, what)
        })
    }

    /// A rule of run `number`: `"name"`, or a table with the name of a rule and its parameters.
    fn rule(&self, rule: &Spanned<toml::Value>, number: usize) -> Result<Given, Wrong> {
        let wrong = |what: String| self.wrong(rule.span().start, what);
        let table = match rule.get_ref() {
            toml::Value::String(name) => toml::Table::from_iter([(name.clone(), NOTHING)]),
            toml::Value::Table(table) => table.clone(),
            other => {
                let what = "a rule is \"a-name\" or { a-name = 3 }";
                return Err(wrong(format!("{other} is not a rule: {what}")));
            }
        };
        let named: Vec<&'static Rule> =
            RULES.iter().filter(|rule| table.contains_key(rule.name)).collect();
        let rule = match named[..] {
            [rule] => rule,
            [] => return Err(wrong(unknown_rule(&table))),
            [one, other, ..] => {
                let what = format!("{} and {} stand in one table", one.name, other.name);
                return Err(wrong(format!("{what}: each rule needs its own {{ }}")));
            }
        };
        let mut given = Given {
            rule,
            value: Value::Nothing,
            more: Vec::new(),
            or_else: None,
            says: None,
            margins: None,
        };
        let (mut right, mut wrong_from) = (None, None);
        for (key, value) in &table {
            let read = |takes| read(key, takes, value).map_err(wrong);
            if key == rule.name {
                given.value = match (rule.takes, value) {
                    (Takes::Nothing, toml::Value::Boolean(_)) => Value::Nothing,
                    (Takes::Nothing, _) => {
                        return Err(wrong(format!("{key} takes nothing: write \"{key}\"")));
                    }
                    (_, toml::Value::Boolean(false)) => {
                        let what = format!("{key} takes {}", rule.takes.example(key));
                        return Err(wrong(what));
                    }
                    (takes, _) => read(takes)?,
                };
                continue;
            }
            match (key.as_str(), read(Takes::Text), read(Takes::Number)) {
                ("else", text, _) => given.or_else = Some(as_text(text?)),
                ("says", text, _) => given.says = Some(as_text(text?)),
                ("right", _, number) if rule.is_time => right = Some(as_number(number?)),
                ("wrong", _, number) if rule.is_time => wrong_from = Some(as_number(number?)),
                _ => match rule.more.iter().find(|parameter| parameter.name == key) {
                    Some(parameter) => given.more.push((parameter.name, read(parameter.takes)?)),
                    None => return Err(wrong(unknown_parameter(rule, key))),
                },
            }
        }
        if let Some(less) = given.more.iter().find(|(name, _)| *name == "less-run") {
            let run = if let Value::Number(run) = less.1 { run } else { 0.0 };
            if run < 1.0 || run > number as f64 || run.fract() != 0.0 {
                return Err(wrong(format!(
                    "less-run = {run}: write the number of a run before this one"
                )));
            }
        }
        if rule.is_time {
            let margins = right.zip(wrong_from).ok_or_else(|| {
                wrong(format!(
                    "{} judges a time, so it needs right = … and wrong = …: the worst measure of \
                     a right program, and the best of a wrong one",
                    rule.name
                ))
            })?;
            given.margins = Some(apart(&given, margins).map_err(wrong)?);
        }
        Ok(given)
    }
}

/// What the reader of TOML says, without the names that Rust has for things.
fn for_people(message: &str) -> String {
    if let Some(rest) = message.strip_prefix("invalid type: ")
        && let Some((found, needed)) = rest.split_once(", expected ")
    {
        let found = match found {
            "map" => "a table",
            "sequence" => "a list",
            found => found.split_once(' ').map_or(found, |(_, value)| value),
        };
        let needed = match needed {
            "u32" | "u64" | "usize" => "a whole number",
            "a string" => "a text",
            "a sequence" => "a list",
            needed if needed.starts_with("struct") => "a table",
            needed => needed,
        };
        return format!("{found} will not do: {needed} is needed");
    }
    if message.starts_with("invalid length ")
        && let Some((_, needed)) = message.split_once(", expected an array of length ")
    {
        return format!("this list needs {needed} values");
    }
    message.replace("missing field", "there is no")
}

/// Stands for what is not there: the value of a rule that is written as a string alone.
const NOTHING: toml::Value = toml::Value::Boolean(false);

/// Checks that a limit on time lies between what was measured, and that there is room.
fn apart(given: &Given, (right, wrong): (f64, f64)) -> Result<(f64, f64), String> {
    let limit = match given.value {
        Value::Number(limit) => limit,
        Value::Time(limit) => limit.as_secs_f64() * 1000.0,
        _ => return Ok((right, wrong)),
    };
    let (low, high) = if right < wrong { (right, wrong) } else { (wrong, right) };
    if high < GAP * low {
        return Err(format!(
            "right = {right} and wrong = {wrong} are less than {GAP} times apart: a busy machine \
             would decide"
        ));
    }
    if !(low..=high).contains(&limit) {
        return Err(format!(
            "the limit {limit} is not between right = {right} and wrong = {wrong}"
        ));
    }
    Ok((right, wrong))
}

fn unknown_rule(table: &toml::Table) -> String {
    let names = || RULES.iter().map(|rule| rule.name);
    let key = table.keys().next().map_or("", String::as_str);
    match table.keys().find_map(|key| nearest(key, names())) {
        Some(name) => format!("no rule is called `{key}`: did you mean {name}?"),
        None => format!("no rule is called `{key}`: write {}", either(names())),
    }
}

fn unknown_parameter(rule: &Rule, key: &str) -> String {
    let more = rule.more.iter().map(|parameter| parameter.name).chain(["else", "says"]);
    let of_time = if rule.is_time { &["right", "wrong"][..] } else { &[] };
    let known = either(more.chain(of_time.iter().copied()));
    format!("{} has no parameter `{key}`: write {known}", rule.name)
}

fn read(key: &str, takes: Takes, value: &toml::Value) -> Result<Value, String> {
    let wrong = || format!("{key} = {value} will not do: write {}", takes.example(key));
    let whole = |value: &toml::Value| value.as_integer().and_then(|n| u64::try_from(n).ok());
    match (takes, value) {
        (Takes::Number, toml::Value::Float(number)) if *number >= 0.0 => Ok(Value::Number(*number)),
        (Takes::Number, value) => {
            whole(value).map(|number| Value::Number(number as f64)).ok_or_else(wrong)
        }
        (Takes::Range, toml::Value::Array(ends)) => match &ends[..] {
            [least, most] => match (whole(least), whole(most)) {
                (Some(least), Some(most)) if least <= most => Ok(Value::Range(least, most)),
                _ => Err(wrong()),
            },
            _ => Err(wrong()),
        },
        (Takes::Range, value) => {
            whole(value).map(|only| Value::Range(only, only)).ok_or_else(wrong)
        }
        (Takes::Time, toml::Value::String(text)) => time(text).map(Value::Time).ok_or_else(wrong),
        (Takes::Text, toml::Value::String(text)) => Ok(Value::Text(text.clone())),
        _ => Err(wrong()),
    }
}

fn as_text(value: Value) -> String {
    if let Value::Text(text) = value { text } else { unreachable!("it was read as a text") }
}

fn as_number(value: Value) -> f64 {
    if let Value::Number(number) = value { number } else { unreachable!("it was read as a number") }
}

/// Reads `450ms`, `2s`, `1.5s`.
fn time(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let number: f64 = number.trim().parse().ok()?;
    (number > 0.0).then(|| Duration::try_from_secs_f64(number * unit).ok())?
}
