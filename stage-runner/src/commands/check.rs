//! `stage-runner check`: runs a program as an exercise asks for, and says what was seen.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use classroom::{Attempt, EXERCISES, Exercise, Outcome, Piece, Verdict, control};

use super::rust_crate::DOES_NOT_COMPILE;
use super::workplace::{self, Program, Taken, Workplace, find};
use crate::cli::exercises::{CheckFormat, CheckOptions};
use crate::cli::wrong_in;
use crate::measure::observe::{NotObserved, observe};
use crate::measure::system_calls::{self, NotCounted};
use crate::system::cargo::{self, NotBuilt};
use crate::system::{processes, signals};
use crate::terminal::look::{Charset, Color, Look};
use crate::terminal::{print, progress};
use crate::views::json::{self, Checked};
use crate::views::screen;
use crate::words;

/// How often a student's files are looked at.
const WATCH_EVERY: Duration = Duration::from_millis(300);

/// The exit status of a check that could not judge.
const NOT_JUDGED: u8 = 3;

/// Checks what the command line asks for.
pub fn run(options: &CheckOptions) -> ExitCode {
    if !options.programs.is_empty() {
        return super::check_program::run(&options.programs, options.format);
    }
    let look = Look::new(Color::Auto, Charset::Auto);
    progress::set_up(false, look.ascii);
    let exercises = chosen(options).unwrap_or_else(wrong);
    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    let desk = Desk { workplace: Workplace::new(&options.work), options, look };
    let checked = if options.watch {
        let [exercise] = &exercises[..] else { unreachable!("--watch is about one exercise") };
        desk.watch(exercise)
    } else {
        desk.all(exercises)
    };
    progress::end();
    match checked {
        _ if signals::asked() => ExitCode::from(signals::exit_status()),
        Ok(status) => status,
        Err(Stop::Printing(error)) => print::status(Err(error)),
        Err(Stop::NotStarted(why)) => {
            progress::warn(&format!("error: {why}"));
            ExitCode::from(2)
        }
        Err(Stop::Interrupted) => ExitCode::from(signals::exit_status()),
    }
}

fn wrong<T>(message: String) -> T {
    wrong_in("check", message)
}

/// Which exercises are meant.
fn chosen(options: &CheckOptions) -> Result<Vec<Exercise>, String> {
    if options.all {
        let exercises = EXERCISES.all();
        let exercises = exercises.iter().map(|folder| Ok(find(folder.id())?.1));
        let pieces = Piece::all().into_iter().map(|piece| Ok(piece.exercise));
        return exercises.chain(pieces).collect();
    }
    if options.which.name.is_none() && options.which.exercise.is_none() {
        return Err("what is to be checked? An exercise, as in: stage-runner check 3a; all that \
                    you have taken: --all; or a stage of your own: --program NAME=COMMAND"
            .to_owned());
    }
    workplace::chosen(&options.which).map(|(_, exercise)| vec![exercise])
}

/// Why a check ends early.
enum Stop {
    NotStarted(String),
    Printing(io::Error),
    Interrupted,
}

/// Where the programs are, and how verdicts are shown.
struct Desk<'a> {
    workplace: Workplace,
    options: &'a CheckOptions,
    look: Look,
}

impl Desk<'_> {
    /// Checks each exercise once.
    fn all(&self, exercises: Vec<Exercise>) -> Result<ExitCode, Stop> {
        let mut checked = Vec::new();
        for exercise in exercises {
            let is_left_out = self.options.all && !self.workplace.is_taken(&exercise);
            let verdict = match is_left_out {
                true => None,
                false => Some(self.check(&exercise)?),
            };
            if let (CheckFormat::Text, Some(verdict)) = (self.options.format, &verdict) {
                self.show(&exercise, verdict)?;
            }
            checked.push(Checked { exercise, verdict });
        }
        if self.options.format == CheckFormat::Json {
            print::bytes(&json::verdicts(&checked)).map_err(Stop::Printing)?;
        }
        if checked.iter().all(|checked| checked.verdict.is_none()) {
            let folder = self.workplace.name();
            progress::note(&format!(
                "Nothing was taken into {folder}: stage-runner exercises lists what there is."
            ));
        }
        Ok(status(checked.iter().filter_map(|checked| checked.verdict.as_ref())))
    }

    /// Checks one exercise again and again, whenever its files change.
    fn watch(&self, exercise: &Exercise) -> Result<ExitCode, Stop> {
        let mut before = None;
        loop {
            let contents = self.workplace.contents(&exercise.id);
            if before.as_ref() == Some(&contents) {
                thread::sleep(WATCH_EVERY);
            } else {
                before = Some(contents);
                match self.check(exercise) {
                    Ok(verdict) => self.show(exercise, &verdict)?,
                    // An editor may be about to write the file, or the student to mend the word.
                    Err(Stop::NotStarted(why)) => progress::warn(&format!("error: {why}")),
                    Err(stop) => return Err(stop),
                }
                progress::note(&format!(
                    "Watching {}. Ctrl-C ends it.",
                    self.workplace.of(&exercise.id).display()
                ));
            }
            if signals::asked() {
                return Err(Stop::Interrupted);
            }
        }
    }

    /// Checks an exercise, and keeps the verdict.
    fn check(&self, exercise: &Exercise) -> Result<Verdict, Stop> {
        let stderr_to = self.options.verbose.then_some(progress::warn as fn(&str));
        let verdict = match self.program(exercise)? {
            Taken::Program(program) => check(exercise, &program, stderr_to)?,
            Taken::Crate(folder) => check_crate(exercise, &folder, stderr_to)?,
        };
        let mut done = self.workplace.progress().map_err(Stop::NotStarted)?;
        done.note(&exercise.id, &verdict);
        self.workplace.keep(&done).map_err(Stop::NotStarted)?;
        Ok(verdict)
    }

    fn program(&self, exercise: &Exercise) -> Result<Taken, Stop> {
        if !self.options.command.is_empty() {
            return Ok(Taken::Program(Program::Command(self.options.command.clone())));
        }
        let language = self.options.language.as_deref();
        self.workplace.program(exercise, language).map_err(Stop::NotStarted)
    }

    fn show(&self, exercise: &Exercise, verdict: &Verdict) -> Result<(), Stop> {
        let style = &self.look.style;
        let mut lines = screen::verdict::lines(exercise, verdict, style);
        if self.options.deep {
            lines.extend(self.look_deeper(exercise, verdict)?);
        }
        let typed = self.options.which.typed(&exercise.id);
        lines.extend(screen::verdict::next(exercise, &typed, verdict, style));
        print::lines(&self.look, &lines).map_err(Stop::Printing)
    }

    /// Runs it once more as in the run that decided, or in the last one, and tells what it asks of
    /// the system.
    fn look_deeper(&self, exercise: &Exercise, verdict: &Verdict) -> Result<Vec<String>, Stop> {
        let program = match self.program(exercise)? {
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

/// Builds a crate and checks its program. What does not compile is not there yet.
fn check_crate(
    exercise: &Exercise,
    folder: &Path,
    stderr_to: Option<fn(&str)>,
) -> Result<Verdict, Stop> {
    let id = &exercise.id;
    progress::live(&format!("{id}  building… (half a minute, the first time)"));
    let built = cargo::build(folder);
    progress::end();
    if signals::asked() {
        return Err(Stop::Interrupted);
    }
    match built {
        Ok(path) => check(exercise, &Program::Command(vec![path.into()]), stderr_to),
        Err(NotBuilt::Missing(why)) => Err(Stop::NotStarted(why)),
        Err(NotBuilt::Refused { first, words }) => {
            progress::warn(&format!("{words}\n"));
            let words = format!("Rust refuses it: {first}");
            Ok(classroom::not_run(exercise, DOES_NOT_COMPILE, words))
        }
    }
}

/// Checks a program, with a live line that says what runs.
fn check(
    exercise: &Exercise,
    program: &Program,
    stderr_to: Option<fn(&str)>,
) -> Result<Verdict, Stop> {
    let all = exercise.runs.len();
    let mut run_once = |attempt: Attempt<'_>| {
        let (number, says) = (attempt.number + 1, &attempt.run.says);
        let again = if attempt.again { ", once more" } else { "" };
        progress::live(&format!("{}  running… {number} of {all}: {says}{again}", exercise.id));
        let observed = observe(program.command(), attempt.run, stderr_to, &mut || true);
        observed.map_err(|why| match why {
            NotObserved::NotStarted(why) => Stop::NotStarted(why),
            NotObserved::Interrupted => Stop::Interrupted,
        })
    };
    let verdict = classroom::check(exercise, &mut run_once, &mut control::share_of_a_core);
    progress::end();
    verdict
}

/// One that is not yet right decides, then one that was not judged.
fn status<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> ExitCode {
    let mut worst = ExitCode::SUCCESS;
    for verdict in verdicts {
        match verdict.outcome {
            Outcome::Passed => {}
            Outcome::NotYet { .. } => return ExitCode::FAILURE,
            Outcome::NotJudged { .. } => worst = ExitCode::from(NOT_JUDGED),
        }
    }
    worst
}
