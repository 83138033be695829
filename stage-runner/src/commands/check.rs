//! `stage-runner check`: runs a program as an exercise asks for, and says what was seen.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use classroom::{Attempt, EXERCISES, Exercise, Outcome, Piece, Progress, Verdict, control};

use super::rust_crate::DOES_NOT_COMPILE;
use super::workplace::{self, Program, Taken, Workplace, find};
use crate::cli::exercises::{CheckFormat, CheckOptions, WhichOptions};
use crate::cli::wrong_in;
use crate::measure::observe::{NotObserved, observe};
use crate::measure::system_calls::{self, NotCounted};
use crate::system::cargo::{self, NotBuilt};
use crate::system::{processes, signals};
use crate::terminal::look::{Color, Look};
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
    let look = Look::new(Color::Auto, options.charset);
    progress::set_up(false, look.ascii);
    if !options.programs.is_empty() {
        return super::check_program::run(&options.programs, options.format, look);
    }
    let workplace = Workplace::new(&options.work);
    let tasks = tasks(options, &workplace);
    if super::watch_signals().is_err() {
        return ExitCode::from(NOT_JUDGED);
    }
    processes::raise_descriptor_limit();
    let desk = Desk { workplace, options, look };
    let checked = match tasks {
        Err(why) => Err(Stop::NotStarted(why)),
        Ok(tasks) if options.watch => {
            let [Ok(task)] = &tasks[..] else { unreachable!("--watch is about one exercise") };
            desk.watch(task)
        }
        Ok(tasks) => desk.all(&tasks),
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

/// An exercise, and the program that is checked for it.
struct Task {
    exercise: Exercise,
    /// What stands for the exercise on a command line.
    which: WhichOptions,
    subject: Subject,
}

/// Which program is checked.
enum Subject {
    /// None: nothing was taken.
    Nothing,
    /// The one that was taken, in this language.
    Taken { language: Option<String>, is_one_of_several: bool },
    /// Another one, started here or in this folder.
    Command { words: Vec<OsString>, folder: Option<PathBuf> },
}

/// An exercise that was taken from a folder, and cannot be read there any more.
struct Unreadable {
    id: String,
    folder: String,
    why: String,
}

impl Task {
    fn typed(&self) -> String {
        self.which.typed(&self.exercise.id)
    }

    /// The language, where it has to be told.
    fn language_of_several(&self) -> Option<&str> {
        match &self.subject {
            Subject::Taken { language, is_one_of_several: true } => language.as_deref(),
            _ => None,
        }
    }

    /// The words of another program than the one that was taken.
    fn words(&self) -> Vec<String> {
        match &self.subject {
            Subject::Command { words, .. } => {
                words.iter().map(|word| word.to_string_lossy().into_owned()).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What is to be checked.
///
/// # Errors
/// The student's progress cannot be read.
fn tasks(
    options: &CheckOptions,
    workplace: &Workplace,
) -> Result<Vec<Result<Task, Unreadable>>, String> {
    if options.all {
        return Ok(all_taken(workplace, &workplace.progress()?));
    }
    if options.which.name.is_none() && options.which.exercise.is_none() {
        wrong(
            "what is to be checked? An exercise, as in: stage-runner check 3a; all that you have \
             taken: --all; or a stage of your own: --program NAME=COMMAND"
                .to_owned(),
        )
    }
    let (_, exercise) = workplace::chosen(&options.which, "check").unwrap_or_else(wrong);
    workplace.progress()?;
    let subject = if options.command.is_empty() {
        let taken = workplace.languages(&exercise);
        let only = || match taken[..] {
            [only] => Some(only.to_owned()),
            _ => None,
        };
        let language = options.language.clone().or_else(only);
        Subject::Taken { language, is_one_of_several: taken.len() > 1 }
    } else {
        Subject::Command { words: options.command.clone(), folder: None }
    };
    Ok(vec![Ok(Task { exercise, which: options.which.clone(), subject })])
}

/// All exercises of the house and of the student's teacher, and all pieces of the museum: as they
/// were checked last, or else in each language in which they were taken.
fn all_taken(workplace: &Workplace, done: &Progress) -> Vec<Result<Task, Unreadable>> {
    let mut ids: Vec<String> = EXERCISES.all().iter().map(|one| one.id().to_owned()).collect();
    ids.extend(Piece::all().into_iter().map(|piece| piece.exercise.id));
    let of_a_teacher =
        done.all().iter().filter(|(id, one)| one.folder.is_some() && !ids.contains(id));
    let of_a_teacher: Vec<String> = of_a_teacher.map(|(id, _)| id.clone()).collect();
    ids.extend(of_a_teacher);

    let mut tasks = Vec::new();
    for id in ids {
        let entry = done.all().get(&id).cloned().unwrap_or_default();
        let path = entry.folder.as_ref().map(|noted| workplace.found(noted));
        let read = match &path {
            Some(path) => workplace::read(path),
            None => find(&id),
        };
        let exercise = match read {
            Ok((_, exercise)) => exercise,
            Err(why) => {
                let file = workplace.progress_file();
                let why = format!(
                    "{why}: put the folder back, or remove the block of {id} from {}",
                    file.display()
                );
                tasks.push(Err(Unreadable { id, folder: entry.folder.unwrap_or_default(), why }));
                continue;
            }
        };
        let subjects = if entry.command.is_empty() {
            of_the_taken(&workplace.languages(&exercise))
        } else {
            let words = entry.command.iter().map(OsString::from).collect();
            let folder = workplace.found(entry.directory.as_deref().unwrap_or("."));
            vec![Subject::Command { words, folder: Some(folder) }]
        };
        let path = path.map(|path| workplace::from_here(&path));
        let which = WhichOptions { name: None, exercise: path };
        tasks.extend(
            subjects.into_iter().map(|subject| {
                Ok(Task { exercise: exercise.clone(), which: which.clone(), subject })
            }),
        );
    }
    tasks
}

fn of_the_taken(languages: &[&str]) -> Vec<Subject> {
    if languages.is_empty() {
        return vec![Subject::Nothing];
    }
    let is_one_of_several = languages.len() > 1;
    let of = |language: &&str| Subject::Taken {
        language: Some((*language).to_owned()),
        is_one_of_several,
    };
    languages.iter().map(of).collect()
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
    fn all(&self, tasks: &[Result<Task, Unreadable>]) -> Result<ExitCode, Stop> {
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
            // The others have their verdicts all the same.
            Err(Stop::NotStarted(why)) if self.options.all => {
                progress::end();
                Ok(Some(classroom::not_judged(&task.exercise, why)))
            }
            verdict => verdict.map(Some),
        }
    }

    /// Checks one exercise again and again, whenever its files change.
    fn watch(&self, task: &Task) -> Result<ExitCode, Stop> {
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
                    Err(Stop::NotStarted(why)) => progress::warn(&format!("error: {why}")),
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
        let typed = task.typed();
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
        let (which, command) = (task.typed(), task.words());
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

/// One that is not yet right decides, then one that was not judged. Without any exercise, nothing
/// was judged.
fn status(checked: &[Checked]) -> ExitCode {
    let verdicts: Vec<&Verdict> = checked.iter().filter_map(|one| one.verdict.as_ref()).collect();
    if verdicts.iter().any(|verdict| matches!(verdict.outcome, Outcome::NotYet { .. })) {
        return ExitCode::FAILURE;
    }
    match !verdicts.is_empty() && verdicts.iter().all(|verdict| verdict.is_passed()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(NOT_JUDGED),
    }
}
