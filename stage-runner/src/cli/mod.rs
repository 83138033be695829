//! The command line.

use std::net::{IpAddr, Ipv4Addr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use crawl::Limits;
use practice_site::Config;

use crate::lineup::{Languages, Program, stages};
use crate::terminal::look::{Charset, Color};

pub mod exercises;
pub mod museum;
mod values;

use exercises::{
    CHECK_EXAMPLES, CheckOptions, EXERCISES_HELP, ExercisesOptions, HINT_HELP, HintOptions,
    SOLUTION_HELP, SolutionOptions, TAKE_EXAMPLES, TakeOptions,
};
use museum::{MUSEUM_EXAMPLES, MuseumOptions};
use values::{
    at_least_one, deadline, duration, in_flight, page, pages, program, rounds, size, some_delay,
    whole_number,
};

const EXAMPLES: &str = "\
Examples:
  stage-runner                                  compare all stages on the practice site
  stage-runner --stage epoll                    one stage, page by page
  stage-runner -s blocking,epoll --pages 100 --jitter 300ms
  stage-runner --stage epoll --python           the same stage in Rust and in Python
  stage-runner -s epoll --trace --pages 3       what it does, step by step
  stage-runner --rounds 5 --format markdown     medians and spread, to paste somewhere
  stage-runner http://127.0.0.1:8000/1 http://127.0.0.1:8000/2
  stage-runner --report report.html             record it, and step through it in a browser
  stage-runner --urls urls.txt --format jsonl | jq .error
  stage-runner --program \"mine=python3 crawl.py\" --stage epoll,mine

Exit status: 0 every page was fetched (a 404 is a page), 1 something failed, 2 the command line is
wrong, 130 interrupted by Ctrl-C (by another signal: 128 and its number).";

const SWEEP_EXAMPLES: &str = "\
Examples:
  stage-runner sweep --svg sweep.svg            all stages, 1 to 10,000 in flight: a few minutes
  stage-runner sweep --per-decade 1 --delay 1s  in a hurry
  stage-runner sweep -s select,poll,epoll --from 100 --to 5000 --per-decade 3
  stage-runner sweep -s thread-pool,epoll --python --to 1000

A stage that goes no further says why, and the others go on. CPU and memory mean something in a
release build: cargo run --release -p stage-runner -- sweep

Exit status: 0 each stage ran at least with the fewest in flight (or, if it was not asked for by
name, cannot), 1 one did not, 2 the command line is wrong, 130 interrupted by Ctrl-C (by another
signal: 128 and its number).";

const EXPERIMENT_EXAMPLES: &str = "\
Examples:
  stage-runner experiment                       list them
  stage-runner experiment busy                  the question, a guess, the run, and why
  stage-runner experiment busy --guess b        without being asked; so does a pipe
  stage-runner experiment busy --rounds 5       medians of five rounds
  stage-runner experiment busy --show           the source of what runs

Exit status: 0 what was judged is as the chapter says, 1 something else was seen or it failed, 2 the
command line is wrong, 3 nothing was judged (the machine is busy, or something that it needs is
missing), 130 interrupted by Ctrl-C (by another signal: 128 and its number).";

const REPORT_HELP: &str = "\
Exit status: 0 the page is written, 1 it could not be, 2 the command line or the result is wrong.";

const PICTURE_HELP: &str = "\
stage-runner --activity --format json > RESULT.json records one.

Exit status: 0 the picture is written, 1 it could not be, 2 the command line or the result is
wrong.";

const SITE: &str = "The practice site";
const OUTPUT: &str = "Output";

/// Fetches the same pages with every way a program can wait for a socket, and shows what it took.
#[derive(Debug, Parser)]
#[command(name = "stage-runner", version, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
#[command(allow_negative_numbers = true)]
pub struct Cli {
    /// What to do instead of running stages.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Running stages.
    #[command(flatten)]
    pub run: RunOptions,
}

/// What to do instead of running stages.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the practice site alone, until stopped
    #[command(
        after_help = "Exit status: 0 stopped by Ctrl-C, 1 it could not listen, 2 the command line is wrong."
    )]
    Site {
        /// What it serves.
        #[command(flatten)]
        site: SiteOptions,
        /// Where to listen; anything but loopback shows the site to the network
        #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
        listen: IpAddr,
        /// The port to listen on; 0 takes a free one
        #[arg(long, default_value_t = 0)]
        port: u16,
        /// Write what the site sees of its clients as JSON lines; `-` is stdout, after the URL
        #[arg(long, value_name = "FILE")]
        events: Option<PathBuf>,
        /// Show each request as it arrives, on stderr
        #[arg(short, long)]
        verbose: bool,
    },
    /// Run each stage with more and more in flight, and see where it ends
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(SweepOptions),
    /// Guess what a run will show, run it, and read why
    #[command(after_help = EXPERIMENT_EXAMPLES)]
    Experiment(ExperimentOptions),
    /// Make a page of a result that `--format json` has saved
    #[command(after_help = REPORT_HELP)]
    Report {
        /// The result; `-` is stdin
        #[arg(value_name = "RESULT.json")]
        result: PathBuf,
        /// Where the page goes
        #[arg(short, long, value_name = "FILE.html")]
        output: PathBuf,
    },
    /// Draw stages of a recorded result as a picture that moves, for a text
    #[command(after_help = PICTURE_HELP)]
    Picture {
        /// The result; `-` is stdin
        #[arg(value_name = "RESULT.json")]
        result: PathBuf,
        /// Names of stages, one below the other [default: all of the result]
        #[arg(short, long = "stage", value_name = "NAME", value_delimiter = ',')]
        stages: Vec<String>,
        /// Where the picture goes
        #[arg(short, long, value_name = "FILE.svg")]
        output: PathBuf,
    },
    /// List the exercises, with what you have done
    #[command(after_help = EXERCISES_HELP)]
    Exercises(ExercisesOptions),
    /// Take an exercise: its text and a program that works badly
    #[command(after_help = TAKE_EXAMPLES)]
    Take(TakeOptions),
    /// Run your program, and say what is wrong with how it waits
    ///
    /// As an exercise, or, with `--program`, as a stage of your own: against every fault of the
    /// practice site, and for what a stage promises.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckOptions),
    /// Show a hint for what the last check found
    #[command(after_help = HINT_HELP)]
    Hint(HintOptions),
    /// Show a solution of an exercise that has passed
    #[command(after_help = SOLUTION_HELP)]
    Solution(SolutionOptions),
    /// List the bug museum: stages of the house, each with one real bug
    #[command(after_help = MUSEUM_EXAMPLES)]
    Museum(MuseumOptions),
    /// Print completions for a shell
    Completions {
        /// The shell to complete in.
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Be one stage: the job comes on stdin, the outcomes go to stdout
    #[command(hide = true)]
    RunStage {
        /// Its name.
        name: String,
    },
    /// Be a part of an experiment: it prints numbers to stdout
    #[command(hide = true)]
    PlayPart {
        /// The experiment.
        experiment: String,
        /// The part.
        part: String,
        /// What the part is told.
        arguments: Vec<String>,
    },
}

/// Which stages run on what, and how they are shown.
#[derive(Debug, Args)]
pub struct RunOptions {
    /// Names, aliases or chapters of stages (5, 5-8), or `all` [default: all]
    #[arg(short, long = "stage", value_name = "NAME", value_delimiter = ',')]
    pub stages: Vec<String>,

    /// In which language they run.
    #[command(flatten)]
    pub language: LanguageOptions,

    /// Run this program as a stage too; see docs/protocol.md
    #[arg(long = "program", value_name = "NAME=COMMAND", value_parser = program)]
    pub programs: Vec<Program>,

    /// What to fetch, in this order [default: the practice site]
    #[arg(value_name = "URL")]
    pub urls: Vec<String>,

    /// Read URLs from a file, one a line, with `#` before comments; `-` is stdin
    #[arg(long = "urls", value_name = "FILE")]
    pub urls_file: Option<PathBuf>,

    /// What the practice site serves.
    #[command(flatten)]
    pub site: SiteOptions,

    /// Workers, or fetches in flight
    #[arg(short, long, value_name = "N", default_value = "10", value_parser = at_least_one)]
    pub concurrency: NonZeroUsize,

    /// Rounds of all stages in turn; medians of all, and the spread from 3 up
    #[arg(short, long, visible_alias = "runs", value_name = "N", default_value = "1")]
    #[arg(value_parser = rounds)]
    pub rounds: NonZeroU32,

    /// Time for one whole fetch, the connect included
    #[arg(long, visible_alias = "timeout", value_name = "TIME", default_value = "10s")]
    #[arg(value_parser = deadline, allow_hyphen_values = true)]
    pub deadline: Duration,

    /// The largest response head
    #[arg(long, value_name = "BYTES", default_value = "64KiB", value_parser = size)]
    #[arg(allow_hyphen_values = true)]
    pub max_head: u64,

    /// The largest body
    #[arg(long, value_name = "BYTES", default_value = "10MiB", value_parser = size)]
    #[arg(allow_hyphen_values = true)]
    pub max_body: u64,

    /// What is printed
    #[arg(help_heading = OUTPUT, long, value_enum, default_value_t = Format::Table)]
    pub format: Format,

    /// Record what each stage does, and make a page to step through it
    #[arg(help_heading = OUTPUT, long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,

    /// Record what each worker does, for the JSON
    #[arg(help_heading = OUTPUT, long)]
    pub activity: bool,

    /// Print what one stage does, step by step; of two, in two columns
    #[arg(help_heading = OUTPUT, long, conflicts_with_all = ["format", "life"])]
    pub trace: bool,

    /// Print what happens to this page alone, from 1
    #[arg(help_heading = OUTPUT, long, value_name = "N", conflicts_with = "format")]
    #[arg(value_parser = page, allow_hyphen_values = true)]
    pub life: Option<NonZeroUsize>,

    /// Add the SHA-256 of each body; its cost is in the figures
    #[arg(help_heading = OUTPUT, long)]
    pub digest: bool,

    /// List the stages and end
    #[arg(help_heading = OUTPUT, long)]
    pub list: bool,

    /// When to use colors
    #[arg(help_heading = OUTPUT, long, value_enum)]
    #[arg(value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,

    /// Which characters to draw with
    #[arg(help_heading = OUTPUT, long, value_enum, default_value_t = Charset::Auto)]
    pub charset: Charset,

    /// No progress and no notes on stderr
    #[arg(help_heading = OUTPUT, short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Show what the stages print to stderr
    #[arg(help_heading = OUTPUT, short, long)]
    pub verbose: bool,
}

impl RunOptions {
    /// Whether the last round is to be recorded.
    pub fn is_recorded(&self) -> bool {
        self.activity || self.is_traced() || self.report.is_some()
    }

    /// Whether the recorded run is to be printed as text.
    pub fn is_traced(&self) -> bool {
        self.trace || self.life.is_some()
    }

    /// The limits of each crawl.
    pub fn limits(&self) -> Limits {
        Limits {
            concurrency: self.concurrency,
            deadline: self.deadline,
            max_head_bytes: usize::try_from(self.max_head).unwrap_or(usize::MAX),
            max_body_bytes: self.max_body,
            ..Limits::default()
        }
    }
}

/// In which language stages run.
#[derive(Debug, Clone, Args)]
pub struct LanguageOptions {
    /// Run the stages in Rust, their originals in Python, or both
    #[arg(long, value_enum, value_name = "LANGUAGE", default_value_t = Languages::Rust)]
    language: Languages,

    /// Short for --language both
    #[arg(long, conflicts_with = "language")]
    python: bool,
}

impl LanguageOptions {
    /// What was asked for.
    pub fn languages(&self) -> Languages {
        if self.python { Languages::Both } else { self.language }
    }
}

/// What the practice site serves.
#[derive(Debug, Clone, Args)]
pub struct SiteOptions {
    /// How many pages, up to 1,000,000 [default: 10]
    #[arg(help_heading = SITE, long, value_name = "N", value_parser = pages)]
    pub pages: Option<usize>,

    /// How long each takes [default: 450ms]
    #[arg(help_heading = SITE, long, value_name = "TIME", value_parser = duration)]
    #[arg(allow_hyphen_values = true)]
    pub delay: Option<Duration>,

    /// Up to this much longer, at random [default: 0]
    #[arg(help_heading = SITE, long, value_name = "TIME", value_parser = duration)]
    #[arg(allow_hyphen_values = true)]
    pub jitter: Option<Duration>,

    /// How large each is [default: 1KiB]
    #[arg(help_heading = SITE, long, value_name = "BYTES", value_parser = size)]
    #[arg(allow_hyphen_values = true)]
    pub size: Option<u64>,

    /// Where the random part starts: the same seed, the same delays
    #[arg(help_heading = SITE, long, value_name = "N", value_parser = whole_number)]
    pub seed: Option<u64>,
}

impl SiteOptions {
    /// The practice site that was asked for, on a free port of loopback.
    pub fn config(&self) -> Config {
        let default = Config::default();
        Config {
            pages: self.pages.unwrap_or(default.pages),
            delay: self.delay.unwrap_or(default.delay),
            jitter: self.jitter.unwrap_or(default.jitter),
            size: self.size.unwrap_or(default.size),
            seed: self.seed.unwrap_or(default.seed),
            ..default
        }
    }

    /// The first of these options that was given: there is no practice site when URLs are.
    pub fn given(&self) -> Option<&'static str> {
        [
            ("--pages", self.pages.is_some()),
            ("--delay", self.delay.is_some()),
            ("--jitter", self.jitter.is_some()),
            ("--size", self.size.is_some()),
            ("--seed", self.seed.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}

/// From how many to how many in flight, and what comes of it.
#[derive(Debug, Args)]
pub struct SweepOptions {
    /// Names, aliases or chapters of stages (5, 5-8), or `all` [default: all]
    #[arg(short, long = "stage", value_name = "NAME", value_delimiter = ',')]
    pub stages: Vec<String>,

    /// In which language they run.
    #[command(flatten)]
    pub language: LanguageOptions,

    /// The fewest in flight
    #[arg(long, value_name = "N", default_value = "1", value_parser = in_flight)]
    pub from: NonZeroUsize,

    /// The most in flight, up to 100,000
    #[arg(long, value_name = "N", default_value = "10000", value_parser = in_flight)]
    pub to: NonZeroUsize,

    /// Steps in each decade: 1, 10; 1, 3, 10; or 1, 2, 5, 10
    #[arg(long, value_name = "N")]
    #[arg(default_value = "2", value_parser = clap::value_parser!(u8).range(1..=3))]
    pub per_decade: u8,

    /// How long each page takes; much shorter, and the first is there before the last has begun
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = some_delay)]
    #[arg(allow_hyphen_values = true)]
    pub delay: Duration,

    /// What is printed
    #[arg(long, value_enum, default_value_t = SweepFormat::Table)]
    pub format: SweepFormat,

    /// Draw it, too, as a picture to show
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// No progress and no notes on stderr
    #[arg(short, long)]
    pub quiet: bool,
}

/// Which experiment, and what becomes of it.
#[derive(Debug, Args)]
pub struct ExperimentOptions {
    /// Its name [default: list all experiments]
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Your guess, a letter; nothing is asked then
    #[arg(long, value_name = "LETTER", requires = "name")]
    pub guess: Option<String>,

    /// Run it so often, and take medians [default: 1, for some 3]
    #[arg(short, long, value_name = "N", value_parser = rounds, requires = "name")]
    pub rounds: Option<NonZeroU32>,

    /// Add the guess and what was seen to this file, as one line
    #[arg(long, value_name = "FILE", requires = "name")]
    pub note: Option<PathBuf>,

    /// Print the source of what runs, and end
    #[arg(long, requires = "name", conflicts_with_all = ["guess", "rounds", "note", "format"])]
    pub show: bool,

    /// What is printed
    #[arg(long, value_enum, default_value_t = ExperimentFormat::Text)]
    pub format: ExperimentFormat,

    /// Which characters to write with
    #[arg(long, value_enum, default_value_t = Charset::Auto)]
    pub charset: Charset,
}

/// What an experiment prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum ExperimentFormat {
    Text,
    Json,
}

/// What a sweep prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum SweepFormat {
    Table,
    Json,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub enum Format {
    Table,
    Json,
    Jsonl,
    Markdown,
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it, with a better tip; or the help that was asked for.
pub fn try_parse() -> Result<Cli, clap::Error> {
    Cli::try_parse().map_err(with_a_better_tip)
}

/// Tips of clap name any option that shares a few letters. Only a name that may have been meant is
/// one; and an option of one command is not one of another.
fn with_a_better_tip(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    if error.kind() != ErrorKind::UnknownArgument {
        return error;
    }
    let name = |text: &str| text.trim_start_matches('-').to_owned();
    let typed = given.clone();
    let short = typed.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let short = short.and_then(|rest| rest.chars().next());
    let given = name(&typed);
    let suggested = match error.get(ContextKind::SuggestedArg) {
        Some(ContextValue::String(suggested)) => Some(name(suggested)),
        _ => None,
    };
    let mut cli = Cli::command();
    cli.build();
    let words: Vec<String> = std::env::args().collect();
    let is_said = |command: &&clap::Command| words.iter().any(|word| command.get_name() == word);
    let said = cli.get_subcommands().find(is_said).cloned();
    let has_it = |command: &&clap::Command| {
        command.get_arguments().any(|option| match short {
            Some(short) => option.get_short() == Some(short),
            None => option.get_long() == Some(given.as_str()),
        })
    };
    let owner = match (cli.get_subcommands().find(has_it), &said) {
        (_, Some(said)) if has_it(&&cli) => Some(format!("` without `{}", said.get_name())),
        (Some(owner), _) => Some(format!(" {}", owner.get_name())),
        _ => None,
    };
    cli = said.unwrap_or(cli);
    if let Some(owner) = owner {
        let tip = format!("{typed} is an option of `stage-runner{owner}`");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    } else if stages::nearest(&given, suggested.as_deref().into_iter()).is_some() {
        return error;
    }
    // The usage that clap adds is that of its tip.
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Usage, ContextValue::StyledStr(cli.render_usage()));
    error
}

/// Whether a word has nothing of a URL in it.
pub fn is_bare(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

/// What somebody meant who wrote a word that is not a URL: `stie`, `list`, `threads`, `run`.
pub fn meant(word: &str) -> Option<String> {
    if !is_bare(word) {
        return None;
    }
    if word == "all" || stages::find(word).is_ok() {
        return Some(format!("--stage {word}"));
    }
    let mut cli = Cli::command();
    cli.build(); // adds --help and --version
    let subcommands = cli.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    let subcommands: Vec<_> = subcommands.map(clap::Command::get_name).collect();
    let options: Vec<_> = cli.get_arguments().filter_map(clap::Arg::get_long).collect();
    // What other programs call what this one does without a command.
    const RUNS: [&str; 4] = ["run", "start", "compare", "bench"];
    let stages = stages::STAGES.iter().map(|stage| stage.name);
    let names = subcommands.iter().chain(&options).copied().chain(stages).chain(RUNS);
    let name = stages::nearest(word, names)?;
    Some(match () {
        () if subcommands.contains(&name) => format!("stage-runner {name}"),
        () if options.contains(&name) => format!("--{name}"),
        () if RUNS.contains(&name) => {
            "stage-runner alone, which runs all stages, or stage-runner --stage NAME".to_owned()
        }
        () => format!("--stage {name}"),
    })
}

/// Says what is wrong with the command line, and ends.
pub fn wrong<T>(message: String) -> T {
    Cli::command().error(ErrorKind::ValueValidation, message).exit()
}

/// The same of a subcommand, with its usage.
pub fn wrong_in<T>(subcommand: &str, message: String) -> T {
    let mut cli = Cli::command();
    cli.build();
    let subcommand = cli.find_subcommand_mut(subcommand).expect("it is in the command line");
    subcommand.error(ErrorKind::ValueValidation, message).exit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
