//! `stage-runner experiment`: a question, a guess, a run, what was seen here, and why.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use classroom::control::share_of_a_core;

use super::status;
use crate::cli::{ExperimentFormat, ExperimentOptions, wrong_in};
use crate::experiments::{
    self, EXPERIMENTS, Experiment, Finding, Lab, NeedsPython, Seen, Trouble, Verdict,
};
use crate::system::python::Python;
use crate::system::{processes, signals};
use crate::terminal::look::{Color, Look};
use crate::terminal::{file, print, progress};
use crate::views::{json, screen, sentences};
use crate::words;

/// The exit status of an experiment that could not be judged.
const NOT_JUDGED: u8 = 3;

/// Sentences are harder to read in longer lines, however wide the terminal is.
const COLUMNS: usize = 80;

/// How often somebody who is asked for a guess may have pressed Ctrl-C instead.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Runs the experiment that the command line names, or lists all.
pub fn run(options: &ExperimentOptions) -> ExitCode {
    let mut look = Look::new(Color::Never, options.charset);
    look.style.width = look.style.width.min(COLUMNS);
    progress::set_up(false, look.ascii);
    let Some(name) = &options.name else { return list(options, look) };
    let experiment = experiments::find(name).unwrap_or_else(|| unknown(name));
    if options.show {
        return show(experiment);
    }
    let guess = options.guess.as_deref().map(|word| {
        experiment.choice(word).unwrap_or_else(|| wrong(not_a_choice(experiment, word)))
    });
    if let Some(note) = &options.note {
        file::check(note).unwrap_or_else(wrong);
    }
    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    // What is piped runs through, and so does a guess that was made before.
    let is_asked = options.format == ExperimentFormat::Text
        && guess.is_none()
        && io::stdin().is_terminal()
        && io::stdout().is_terminal();
    let done = Session { options, look, experiment, is_asked }.run(guess);
    match done {
        Ok(verdicts) if verdicts.contains(&Verdict::NotHere) => ExitCode::FAILURE,
        Ok(verdicts) if verdicts.contains(&Verdict::AsExpected) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(NOT_JUDGED),
        Err(End::Printing(error)) => status(Err(error)),
        Err(End::Trouble(_)) if signals::asked() => ExitCode::from(signals::exit_status()),
        Err(End::Trouble(Trouble::Interrupted)) => ExitCode::FAILURE,
        Err(End::Trouble(Trouble::NotHere(why))) => {
            progress::warn(&format!("skipped: {}", words::escaped(&why)));
            ExitCode::from(NOT_JUDGED)
        }
        Err(End::Trouble(Trouble::Failed(why))) => {
            progress::warn(&format!("error: {}", words::escaped(&why)));
            ExitCode::FAILURE
        }
    }
}

/// Why it ended before its end.
enum End {
    Printing(io::Error),
    Trouble(Trouble),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> End {
        End::Printing(error)
    }
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::Trouble(trouble)
    }
}

/// One experiment, from its question to its end.
struct Session<'a> {
    options: &'a ExperimentOptions,
    look: Look,
    experiment: &'static Experiment,
    /// Whether there is somebody to ask.
    is_asked: bool,
}

impl Session<'_> {
    fn run(mut self, mut guess: Option<usize>) -> Result<Vec<Verdict>, End> {
        let experiment = self.experiment;
        // Who cannot run it should not have to guess first.
        let python = match experiment.needs_python {
            NeedsPython::Yes => Ok(Python::find().map_err(Trouble::NotHere)?),
            NeedsPython::InPart => Python::find(),
            NeedsPython::No => Err("it was not said that this needs Python".to_owned()),
        };
        self.print(&screen::experiment::question(experiment, &self.look.style))?;
        if self.is_asked {
            guess = self.guess()?;
        }
        let again =
            |name: &str, stopped_us| progress::note(&sentences::taken_again(name, stopped_us));
        let lab = Lab::new(experiment.name, python, again);
        let finding = measure(experiment, &lab, self.options)?;
        if let Some(path) = &self.options.note {
            let kept = file::append(path, &note(experiment, &finding, guess));
            kept.map_err(Trouble::Failed)?;
        }
        let why = experiments::why(experiment.chapter, experiment.name).unwrap_or_default();
        if self.options.format == ExperimentFormat::Json {
            print::bytes(&json::experiment(experiment, &finding, guess, &why))?;
            return Ok(finding.verdicts);
        }
        let style = self.look.style;
        self.print(&[String::new()])?;
        self.print(&screen::experiment::seen(experiment, &finding, guess, &style))?;
        self.print(&[String::new()])?;
        if self.is_asked {
            self.ask("Why? [Enter] ")?;
        } else {
            self.print(&["Why?".to_owned()])?;
        }
        self.print(&screen::experiment::why(experiment, &finding, &why, &style))?;
        Ok(finding.verdicts)
    }

    /// Prints lines, unless the result is for a program.
    fn print(&self, lines: &[String]) -> io::Result<()> {
        match self.options.format {
            ExperimentFormat::Text => print::lines(&self.look, lines),
            ExperimentFormat::Json => Ok(()),
        }
    }

    /// Asks for a guess until one of the choices is named, or none.
    fn guess(&mut self) -> Result<Option<usize>, End> {
        let letters = self.experiment.letters();
        loop {
            let answer = self.ask(&format!("  Your guess [{letters}; Enter: none]: "))?;
            match answer.as_deref().map(str::trim) {
                None | Some("") => return Ok(None),
                Some(word) => match self.experiment.choice(word) {
                    Some(choice) => return Ok(Some(choice)),
                    None => {
                        let sorry = not_a_choice(self.experiment, word);
                        self.print(&[format!("  {sorry}")])?;
                    }
                },
            }
        }
    }

    /// Prints words, and takes the line that somebody types; `None` when there will be no more.
    fn ask(&mut self, words: &str) -> Result<Option<String>, End> {
        print::bytes(self.look.line(words).as_bytes())?;
        let (say, said) = mpsc::channel();
        // On a thread of its own: a read cannot be ended by Ctrl-C.
        let read = move || {
            let mut line = String::new();
            let read = io::stdin().read_line(&mut line);
            let _ = say.send(read.is_ok_and(|bytes| bytes > 0).then_some(line));
        };
        thread::Builder::new().spawn(read)?;
        let answer = loop {
            if signals::asked() {
                let _ = writeln!(io::stdout());
                return Err(Trouble::Interrupted.into());
            }
            match said.recv_timeout(LOOK_EVERY) {
                Ok(answer) => break answer,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
        };
        if answer.is_none() {
            // Whoever closed stdin did not end the line, and will not be asked again.
            print::bytes(b"\n")?;
            self.is_asked = false;
        }
        Ok(answer)
    }
}

/// Runs all rounds, with a look at the machine before and after.
fn measure(
    experiment: &Experiment,
    lab: &Lab,
    options: &ExperimentOptions,
) -> Result<Finding, Trouble> {
    let rounds = options.rounds.map_or(experiment.rounds, |rounds| rounds.get());
    if options.format == ExperimentFormat::Text {
        progress::note(&format!("(running, {})", words::plural(rounds.into(), "round")));
    }
    let before = share_of_a_core();
    let mut seen: Vec<Seen> = Vec::new();
    for _ in 0..rounds {
        seen.push((experiment.run)(lab)?);
        if signals::asked() {
            return Err(Trouble::Interrupted);
        }
    }
    let share = before.min(share_of_a_core());
    Ok(Finding::judge(experiment, &seen, share))
}

/// The line that is kept in a file of notes.
fn note(experiment: &Experiment, finding: &Finding, guess: Option<usize>) -> String {
    let guessed = guess.map_or("no guess".to_owned(), |guess| {
        format!("guessed {}, {}", Experiment::letter(guess), experiment.choices[guess])
    });
    let mut line = format!("{} (chapter {}): {guessed}.", experiment.name, experiment.chapter);
    for (verdict, words) in [
        (Verdict::AsExpected, "Seen"),
        (Verdict::NotHere, "Seen, and not as the chapter says"),
        (Verdict::TooBusy, "Not judged on a busy machine"),
    ] {
        let measures = finding.with(experiment, verdict).map(|(range, number)| match number {
            Ok(number) => range.says(*number),
            Err(_) => range.unit.to_owned(),
        });
        let measures: Vec<_> = measures.collect();
        if !measures.is_empty() {
            let _ = write!(line, " {words}: {}.", measures.join(", "));
        }
    }
    for (why, units) in finding.reasons(experiment) {
        let _ = write!(line, " Not judged: {}: {why}.", units.join("; "));
    }
    line + "\n"
}

fn list(options: &ExperimentOptions, look: Look) -> ExitCode {
    print::status(
        match options.format {
            ExperimentFormat::Json => print::bytes(&json::experiments(EXPERIMENTS)),
            ExperimentFormat::Text => {
                print::lines(&look, &screen::experiment::list(EXPERIMENTS, &look.style))
            }
        }
        .map(|()| true),
    )
}

/// Prints the source of a scene, each file below its path.
fn show(experiment: &Experiment) -> ExitCode {
    let mut text = String::new();
    for (path, source) in experiment.sources {
        let comment = if path.ends_with(".py") { "#" } else { "//" };
        let gap = if text.is_empty() { "" } else { "\n" };
        let _ = write!(text, "{gap}{comment} {path}\n\n{source}");
    }
    print::status(print::bytes(text.as_bytes()).map(|()| true))
}

fn not_a_choice(experiment: &Experiment, word: &str) -> String {
    let word = words::cut(&words::escaped(word), 30);
    format!("\"{word}\" is not one of the choices: {}", experiment.letters())
}

fn unknown<T>(name: &str) -> T {
    let shown = words::cut(&words::escaped(name), 40);
    let near = experiments::nearest(name);
    let helps = match near[..] {
        [] => "`stage-runner experiment` lists all".to_owned(),
        _ => format!("did you mean {}?", near.join(" or ")),
    };
    wrong(format!("no experiment is called \"{shown}\": {helps}"))
}

fn wrong<T>(message: String) -> T {
    wrong_in("experiment", message)
}
