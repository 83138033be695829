//! One task after the other, or one again and again: its verdict is shown, and kept.

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use classroom::{Outcome, Verdict};

use super::attempt::{check, check_crate};
use super::tasks::{Subject, Task, Unreadable};
use super::{Stop, status};
use crate::cli::exercises::{CheckFormat, CheckOptions};
use crate::commands::workplace::{Program, Taken, Workplace};
use crate::measure::system_calls::{self, NotCounted};
use crate::system::{cargo, signals};
use crate::terminal::look::Look;
use crate::terminal::{print, progress};
use crate::views::json::{self, Checked};
use crate::views::screen;
use crate::words;

/// How often a student's files are looked at.
const WATCH_EVERY: Duration = Duration::from_millis(300);

/// Where the programs are, and how verdicts are shown.
pub struct Desk<'a> {
    pub workplace: Workplace,
    pub options: &'a CheckOptions,
    pub look: Look,
}

impl Desk<'_> {
    /// Checks each exercise once.
    pub fn all(&self, tasks: &[Result<Task, Unreadable>]) -> Result<ExitCode, Stop> {
        let mut checked: Vec<Checked> = Vec::new();
        for task in tasks {
            let (task, verdict) = match task {
                Ok(task) => (task, self.verdict(task, &checked)?),
                Err(unreadable) => {
                    checked.push(self.unreadable(unreadable));
                    continue;
                }
            };
            if let (CheckFormat::Text, Some(verdict)) = (self.options.format, &verdict) {
                self.show(task, verdict)?;
            }
            checked.push(self.checked(task, verdict));
        }
        if self.options.format == CheckFormat::Json {
            print::bytes(&json::verdicts(&checked)).map_err(Stop::Printing)?;
        }
        if !checked.iter().any(|checked| checked.taken) {
            let folder = self.workplace.name();
            progress::note(&format!(
                "Nothing was taken into {folder}, so nothing was judged. Begin with: stage-runner \
                 take 3a; stage-runner exercises lists what there is."
            ));
        }
        Ok(status(&checked))
    }

    /// The verdict on one of many, or of one alone. `before` were checked already.
    fn verdict(&self, task: &Task, before: &[Checked]) -> Result<Option<Verdict>, Stop> {
        if let Subject::Nothing = task.subject {
            return Ok(None);
        }
        // The start in another language does not make a program worse that has passed.
        let has_passed = |one: &Checked| {
            let verdict = one.verdict.as_ref();
            one.exercise == task.exercise.id && verdict.is_some_and(Verdict::is_passed)
        };
        match self.check(task, !before.iter().any(has_passed)) {
            Err(Stop::NoRoom(why)) => {
                progress::end();
                Ok(Some(classroom::not_judged(&task.exercise, why)))
            }
            // The others have their verdicts all the same.
            Err(Stop::NotStarted(why)) if self.options.all => {
                progress::end();
                Ok(Some(classroom::not_judged(&task.exercise, why)))
            }
            verdict => verdict.map(Some),
        }
    }

    /// Checks one exercise again and again, whenever its files change.
    pub fn watch(&self, task: &Task) -> Result<ExitCode, Stop> {
        let id = &task.exercise.id;
        let mut before = None;
        loop {
            let contents = self.workplace.contents(id);
            if before.as_ref() == Some(&contents) {
                thread::sleep(WATCH_EVERY);
            } else {
                before = Some(contents);
                match self.check(task, true) {
                    Ok(verdict) => self.show(task, &verdict)?,
                    // An editor may be about to write the file, or the student to mend the word.
                    Err(Stop::NotStarted(why) | Stop::NoRoom(why)) => {
                        progress::warn(&format!("error: {why}"));
                    }
                    Err(stop) => return Err(stop),
                }
                let folder = self.workplace.of(id);
                progress::note(&format!("Watching {}. Ctrl-C ends it.", folder.display()));
            }
            if signals::asked() {
                return Err(Stop::Interrupted);
            }
        }
    }

    /// Checks an exercise, and keeps the verdict if that is asked for.
    fn check(&self, task: &Task, is_kept: bool) -> Result<Verdict, Stop> {
        let exercise = &task.exercise;
        let stderr_to = self.options.verbose.then_some(progress::warn as fn(&str));
        let verdict = match self.program(task)? {
            Taken::Program(program) => check(exercise, &program, stderr_to)?,
            Taken::Crate(folder) => check_crate(exercise, &folder, stderr_to)?,
        };
        if is_kept && let Err(why) = self.keep(task, &verdict) {
            progress::warn(&format!("error: the verdict is not kept: {why}"));
        }
        Ok(verdict)
    }

    /// Keeps a verdict, and of a single check also what was checked.
    fn keep(&self, task: &Task, verdict: &Verdict) -> Result<(), String> {
        let id = &task.exercise.id;
        let mut done = self.workplace.progress()?;
        done.note(id, verdict);
        if !self.options.all {
            // The folder has to be there before others are named from it.
            self.workplace.keep(&done)?;
            done.note_folder(id, self.noted(task));
            let words = task.words();
            let directory = (!words.is_empty()).then(|| self.workplace.noted(Path::new(".")));
            done.note_command(id, words, directory);
        }
        self.workplace.keep(&done)
    }

    /// The folder that an exercise was taken from, as the progress has it.
    fn noted(&self, task: &Task) -> Option<String> {
        task.which.exercise.as_ref().map(|folder| self.workplace.noted(folder))
    }

    fn program(&self, task: &Task) -> Result<Taken, Stop> {
        let typed = self.workplace.typed(&task.which, &task.exercise.id);
        match &task.subject {
            Subject::Command { words, folder: None } => {
                Ok(Taken::Program(Program::Command(words.clone())))
            }
            Subject::Command { words, folder: Some(folder) } if folder.is_dir() => {
                let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
                Ok(Taken::Program(Program::CommandIn(folder, words.clone())))
            }
            Subject::Command { folder: Some(folder), .. } => Err(Stop::NotStarted(format!(
                "{} is missing, where `{}` was checked last: stage-runner check {typed} -- \
                 COMMAND checks another one",
                folder.display(),
                words::escaped(&task.words().join(" "))
            ))),
            Subject::Taken { language, .. } => {
                let language = language.as_deref();
                let program = self.workplace.program(&task.exercise, &typed, language);
                program.map_err(Stop::NotStarted)
            }
            Subject::Nothing => unreachable!("what was not taken is not checked"),
        }
    }

    /// What is told of an exercise in JSON.
    fn checked(&self, task: &Task, verdict: Option<Verdict>) -> Checked {
        let id = &task.exercise.id;
        let passed_now = verdict.as_ref().is_some_and(Verdict::is_passed);
        let done = self.workplace.progress().unwrap_or_default();
        Checked {
            exercise: id.clone(),
            name: Some(task.exercise.name.clone()),
            taken: verdict.is_some(),
            passed: passed_now || done.of(id).is_some_and(|entry| entry.passed),
            folder: self.noted(task),
            language: match &task.subject {
                Subject::Taken { language, .. } => language.clone(),
                _ => None,
            },
            command: task.words(),
            verdict,
        }
    }

    /// What is told of an exercise that cannot be read any more.
    fn unreadable(&self, Unreadable { id, folder, why }: &Unreadable) -> Checked {
        if self.options.format == CheckFormat::Text {
            progress::warn(&format!("error: {id}: {why}"));
        }
        let done = self.workplace.progress().unwrap_or_default();
        let outcome = Outcome::NotJudged { run: 0, why: why.clone() };
        Checked {
            exercise: id.clone(),
            name: None,
            taken: true,
            passed: done.of(id).is_some_and(|entry| entry.passed),
            folder: Some(folder.clone()),
            language: None,
            command: Vec::new(),
            verdict: Some(Verdict { outcome, runs: Vec::new() }),
        }
    }

    fn show(&self, task: &Task, verdict: &Verdict) -> Result<(), Stop> {
        let (exercise, style) = (&task.exercise, &self.look.style);
        let language = task.language_of_several();
        let mut lines = screen::verdict::lines(exercise, language, verdict, style);
        if self.options.deep {
            lines.extend(self.look_deeper(task, verdict)?);
        }
        let (which, command) = (self.workplace.typed(&task.which, &task.exercise.id), task.words());
        let typed = screen::verdict::Typed { which: &which, language, command: &command };
        lines.extend(screen::verdict::next(exercise, &typed, verdict, style));
        print::lines(&self.look, &lines).map_err(Stop::Printing)
    }

    /// Runs it once more as in the run that decided, or in the last one, and tells what it asks of
    /// the system.
    fn look_deeper(&self, task: &Task, verdict: &Verdict) -> Result<Vec<String>, Stop> {
        let exercise = &task.exercise;
        let program = match self.program(task)? {
            Taken::Program(program) => program,
            Taken::Crate(folder) => match cargo::build(&folder) {
                Ok(path) => Program::Command(vec![path.into()]),
                Err(_) => return Ok(Vec::new()), // the verdict says so
            },
        };
        let run = match verdict.outcome {
            Outcome::Passed => exercise.runs.last(),
            Outcome::NotYet { run, .. } | Outcome::NotJudged { run, .. } => exercise.runs.get(run),
        };
        let Some(run) = run else { return Ok(Vec::new()) };
        progress::live(&format!("{}  running… under strace: {}", exercise.id, run.says));
        let counted = system_calls::count(&program.command(), run);
        progress::end();
        match counted {
            Ok(calls) => Ok(screen::system_calls::lines(&run.says, &calls, &self.look.style)),
            Err(NotCounted::Interrupted) => Err(Stop::Interrupted),
            Err(NotCounted::NotHere(why)) => {
                progress::warn(&format!("system calls were not counted: {}", words::escaped(&why)));
                Ok(Vec::new())
            }
        }
    }
}
