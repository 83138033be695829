//! What a scene can use: stages on a practice site and programs of its own, each in a fresh
//! process.

use std::io;
use std::num::NonZeroUsize;
use std::process::Command;
use std::time::Duration;

use crawl::Limits;
use practice_site::{Config, Site};

use super::experiment::Numbers;
use crate::lineup::{Entrant, Language, stages, urls};
use crate::measure::Work;
use crate::results::{Fault, Run, Status};
use crate::system::answer::{NoAnswer, answer};
use crate::system::python::Python;
use crate::system::{processes, signals};

/// No program of a scene takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

/// The exit status of a program that cannot run here, as the originals have it.
pub const UNAVAILABLE: u8 = 77;

/// Descriptors that a process needs beside those that a scene asks for.
const OTHER_DESCRIPTORS: usize = 64;

/// Why a scene has nothing to show.
#[derive(Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Somebody asked to stop.
    Interrupted,
    /// It cannot run on this machine, and this is what is missing.
    NotHere(String),
    /// Something failed.
    Failed(String),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        if signals::asked() {
            return Trouble::Interrupted;
        }
        Trouble::Failed(processes::with_what_helps(&error))
    }
}

/// Runs what a scene wants to see, for one experiment.
pub struct Lab {
    experiment: &'static str,
    python: Result<Python, String>,
    again: fn(&str, u64),
}

impl Lab {
    /// For an experiment of that name, with a Python, or the reason why there is none. `again` is
    /// told whose run is taken again because the runner was stopped, for how many microseconds.
    pub fn new(
        experiment: &'static str,
        python: Result<Python, String>,
        again: fn(&str, u64),
    ) -> Lab {
        Lab { experiment, python, again }
    }

    /// Runs a stage by its name, or a part of the scene that [crawls](super::Part::Crawls), on
    /// these URLs.
    ///
    /// # Errors
    /// Its program failed or cannot run here, or somebody asked to stop. (A page that fails is an
    /// outcome.)
    pub fn crawl(&self, name: &str, urls: &[String], limits: &Limits) -> Result<Run, Trouble> {
        let entrant = self.entrant(name);
        entrant.available().map_err(|why| Trouble::NotHere(format!("{name}: {why}")))?;
        let urls = urls::parse_all(urls.iter().map(String::as_str)).map_err(Trouble::Failed)?;
        let work = Work {
            wanted: &urls::resolve(urls),
            limits: *limits,
            digest: false,
            originals: None,
            activity: false,
            stderr_to: None,
        };
        // A run during which the runner was stopped says nothing, so it is taken again.
        let run = loop {
            let run = work.run(0, &entrant, 0, &mut |_| true);
            if run.stopped_us == 0 || signals::asked() {
                break run;
            }
            (self.again)(name, run.stopped_us);
        };
        match run.fault {
            _ if signals::asked() => Err(Trouble::Interrupted),
            Some(Fault::NotHere { why }) => Err(Trouble::NotHere(format!("{name}: {why}"))),
            Some(fault) => Err(Trouble::Failed(fault.of(name))),
            None => Ok(run),
        }
    }

    /// Runs stages, one after another, on the pages of one practice site, so many at once.
    ///
    /// # Errors
    /// As [`Lab::crawl`]; and a page that did not come.
    pub fn compare(
        &self,
        stages: &[&str],
        at_once: usize,
        site: Config,
    ) -> Result<Vec<Run>, Trouble> {
        self.needs_descriptors(at_once)?;
        let connections = stages.len() * site.pages;
        let site = Config { destinations: urls::destinations(connections), ..site };
        let site = Site::start(site)?;
        let urls: Vec<String> = site.page_urls().collect();
        let concurrency = NonZeroUsize::new(at_once).unwrap_or(NonZeroUsize::MIN);
        let limits = Limits { concurrency, deadline: Duration::from_secs(20), ..Limits::default() };
        let run = |name: &&str| {
            let run = self.crawl(name, &urls, &limits)?;
            let failed = run.reported().find_map(|outcome| outcome.error.as_ref());
            match failed {
                Some(error) if run.status == Status::Failed => {
                    Err(Trouble::Failed(format!("{name}: a page did not come: {}", error.message)))
                }
                _ => Ok(run),
            }
        };
        stages.iter().map(run).collect()
    }

    /// Runs a part of the scene that [plays](super::Part::Plays).
    ///
    /// # Errors
    /// It failed or cannot run here, or somebody asked to stop.
    pub fn play(&self, part: &str, arguments: &[&str]) -> Result<Numbers, Trouble> {
        let mut command = processes::this_program()?;
        command.args(["play-part", self.experiment, part]).args(arguments);
        numbers(part, command)
    }

    /// Runs a script of Python, which prints one object of numbers as JSON. One that ends with 77
    /// cannot run here, and the last line of its stderr is the reason.
    ///
    /// # Errors
    /// It failed or cannot run here, or somebody asked to stop.
    pub fn python(&self, script: &str, arguments: &[&str]) -> Result<Numbers, Trouble> {
        let python = self.python.as_ref().map_err(|why| Trouble::NotHere(why.clone()))?;
        let folder = tempfile::Builder::new().prefix("ways-to-wait-").tempdir()?;
        // Where the process ends early, nobody drops it.
        signals::folder(Some(folder.path().to_owned()));
        let file = folder.path().join("scene.py");
        std::fs::write(&file, script)?;
        let mut command = python.command(&file);
        command.args(arguments);
        let answer = numbers("its script", command);
        signals::folder(None);
        answer
    }

    /// What the rows in Python come to; where there is no Python, the reason why they are left out.
    ///
    /// # Errors
    /// Those of the rows.
    pub fn in_python<T>(
        &self,
        rows: impl FnOnce() -> Result<T, Trouble>,
    ) -> Result<Result<T, String>, Trouble> {
        match &self.python {
            Ok(_) => rows().map(Ok),
            Err(why) => Ok(Err(why.clone())),
        }
    }

    /// Sees to it that a process may have so many sockets open.
    ///
    /// # Errors
    /// It may not.
    pub fn needs_descriptors(&self, count: usize) -> Result<(), Trouble> {
        let limit = processes::descriptor_limit();
        let needed = count + OTHER_DESCRIPTORS;
        match limit.filter(|limit| *limit < needed) {
            None => Ok(()),
            // The soft limit has been raised to the hard one, which only root can raise.
            Some(limit) => Err(Trouble::NotHere(format!(
                "a process may open {limit} files and sockets here, and this needs {needed}: \
                 `ulimit -n {needed}`, as root, allows it"
            ))),
        }
    }

    /// A stage of the table, or a part of the scene: `run-stage EXPERIMENT:PART` knows it.
    fn entrant(&self, name: &str) -> Entrant {
        match stages::STAGES.iter().find(|stage| stage.name == name) {
            Some(stage) => Entrant::from_stage(stage, true),
            None => Entrant {
                name: format!("{}:{name}", self.experiment),
                language: Language::Rust,
                stage: None,
                command: Vec::new(),
                by_name: true,
            },
        }
    }
}

/// The numbers that a command prints.
fn numbers(what: &str, command: Command) -> Result<Numbers, Trouble> {
    let told = match answer(command, PATIENCE) {
        Ok(told) => told,
        Err(_) if signals::asked() => return Err(Trouble::Interrupted),
        Err(NoAnswer { exit, last_note, .. }) if exit == Some(UNAVAILABLE.into()) => {
            return Err(Trouble::NotHere(
                last_note.unwrap_or_else(|| format!("{what} cannot run")),
            ));
        }
        Err(no_answer) => return Err(Trouble::Failed(format!("{what} {}", no_answer.why))),
    };
    serde_json::from_str(&told).map_err(|error| {
        Trouble::Failed(format!("{what} did not print numbers as JSON ({error}): {told:?}"))
    })
}
