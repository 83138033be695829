//! All runs, round by round, and what becomes of them.

use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::CommandFactory;
use crawl::Url;
use practice_site::{Config, Site};

use crate::cli::{Cli, Format, RunOptions};
use crate::clock::Clock;
use crate::entrants::{self, Entrant};
use crate::look::Look;
use crate::output::{self, json, list, markdown, table::Table};
use crate::run::{Run, Work};
use crate::summary::Row;
use crate::targets::{self, Wanted};
use crate::{family, interrupt, progress, text};

/// How often the live line changes.
const LIVE_EVERY: Duration = Duration::from_millis(100);

/// What all runs have in common.
pub struct Session<'a> {
    /// The command line.
    pub options: &'a RunOptions,
    /// What stdout can show.
    pub look: Look,
    /// Who takes part, in this order.
    pub entrants: Vec<Entrant>,
    /// The practice site, where it is what is fetched.
    pub site: Option<Config>,
    /// Whether this is a debug build, whose CPU times say little.
    pub is_debug: bool,
    /// The URLs as they are shown.
    pub urls: Vec<String>,
}

/// Runs what the command line asks for.
pub fn run(options: &RunOptions) -> ExitCode {
    let look = Look::new(options.color, options.charset);
    progress::set_up(options.quiet, look.ascii, look.width);
    if options.list {
        return ended(output::print(&look, &list::lines()).map(|()| true));
    }
    let entrants = entrants::choose(&options.stages, &options.programs).unwrap_or_else(wrong);
    let urls = urls(options).unwrap_or_else(wrong);

    interrupt::watch();
    family::raise_descriptor_limit();
    let config = urls.is_none().then(|| site_for(options, entrants.len()));
    let site = match config.clone().map(Site::start).transpose() {
        Ok(site) => site,
        Err(error) => {
            progress::warn(&format!("error: no practice site: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let urls = urls.unwrap_or_else(|| {
        let urls: Vec<String> = site.iter().flat_map(Site::page_urls).collect();
        targets::parse_all(urls.iter().map(String::as_str)).unwrap_or_else(wrong)
    });
    let wanted = targets::resolve(urls);
    let session = Session {
        options,
        look,
        entrants,
        site: config,
        is_debug: cfg!(debug_assertions),
        urls: wanted.iter().map(|wanted| text::escaped(&wanted.url.to_string())).collect(),
    };
    let result = session.run(&wanted);
    progress::end();
    ended(result)
}

/// The practice site for so many entrants in all rounds.
fn site_for(options: &RunOptions, entrants: usize) -> Config {
    let config = options.site.config();
    let crawls = (options.rounds.get() as usize).saturating_mul(entrants);
    let destinations = targets::destinations(crawls.saturating_mul(config.pages));
    Config { destinations, ..config }
}

/// The URLs of the command line, or `None` for the practice site.
fn urls(options: &RunOptions) -> Result<Option<Vec<Url>>, String> {
    if options.urls.is_empty() && options.urls_file.is_none() {
        return Ok(None);
    }
    if let Some(option) = options.site.given() {
        return Err(format!(
            "{option} is about the practice site, which does not run when URLs are given"
        ));
    }
    let urls = targets::parse_all(options.urls.iter().map(String::as_str));
    let mut urls = urls.map_err(|error| entrants::hint(&options.urls[0], error))?;
    if let Some(file) = &options.urls_file {
        urls.extend(targets::read_file(file)?);
    }
    Ok(Some(urls))
}

/// Says what is wrong with the command line, and ends.
fn wrong<T>(message: String) -> T {
    Cli::command().error(clap::error::ErrorKind::ValueValidation, message).exit()
}

/// The exit status of what has been printed, or could not be.
pub fn ended(result: io::Result<bool>) -> ExitCode {
    match result {
        _ if interrupt::asked() => ExitCode::from(interrupt::EXIT),
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => output::cannot_write(&error),
    }
}

impl Session<'_> {
    /// Runs all rounds: whether everything went well.
    fn run(&self, wanted: &[Wanted]) -> io::Result<bool> {
        let mut runs = Vec::new();
        let result = self.run_and_show(wanted, &mut runs);
        let all_fine = runs.iter().all(|run: &Run| run.is_fine(&self.entrants[run.entrant]));
        match result {
            // Whoever read this has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(all_fine),
            result => result.map(|()| all_fine),
        }
    }

    fn run_and_show(&self, wanted: &[Wanted], runs: &mut Vec<Run>) -> io::Result<()> {
        let options = self.options;
        let work = Work {
            wanted,
            limits: options.limits(),
            digest: options.digest,
            verbose: options.verbose,
        };
        let clock = Clock::new(self);
        clock.tell();
        let mut table = (options.format == Format::Table).then(|| Table::new(self));
        if let Some(table) = &mut table {
            table.begin()?;
        }

        'rounds: for round in 0..options.rounds.get() {
            for (index, entrant) in self.entrants.iter().enumerate() {
                let run = self.run_one(&work, index, entrant, round, &clock, runs)?;
                self.explain(entrant, &run);
                runs.push(run);
                if interrupt::asked() {
                    break 'rounds;
                }
                if let Some(table) = &mut table
                    && round + 1 == options.rounds.get()
                {
                    table.row(&Row::all(&self.entrants, runs))?;
                }
            }
        }

        progress::end();
        let rows = Row::all(&self.entrants, runs);
        match options.format {
            Format::Table => table.expect("made above").end(&rows),
            Format::Json => write(&json::document(self, runs, interrupt::asked())),
            Format::Jsonl => Ok(()),
            Format::Markdown => output::print(&self.look, &markdown::lines(self, &rows)),
        }
    }

    fn run_one(
        &self,
        work: &Work<'_>,
        index: usize,
        entrant: &Entrant,
        round: u32,
        clock: &Clock,
        runs: &[Run],
    ) -> io::Result<Run> {
        let available = entrant.stage().map_or(Ok(()), |stage| (stage.available)());
        if let Err(reason) = available {
            return Ok(Run::skipped(index, round, reason));
        }
        let mut pages = 0;
        let mut result = Ok(());
        let mut shown: Option<Instant> = None;
        let run = work.run(index, entrant, round, &mut |outcome| {
            if let Some(outcome) = outcome {
                pages += 1;
                if self.options.format == Format::Jsonl && result.is_ok() {
                    let url = &self.urls[outcome.target];
                    result = write(&json::line(entrant, round, url, outcome));
                }
            }
            if shown.is_none_or(|shown| shown.elapsed() > LIVE_EVERY) {
                shown = Some(Instant::now());
                clock.show(self, entrant, round, pages, runs);
            }
            if outcome.is_none() && family::stdout_is_closed() {
                result = Err(ErrorKind::BrokenPipe.into());
            }
            result.is_ok()
        });
        result.map(|()| run)
    }

    /// Where the format has no place for it, stderr says what went wrong with a program.
    fn explain(&self, entrant: &Entrant, run: &Run) {
        let name = &entrant.name;
        if interrupt::asked() {
            return;
        }
        if let Some(told) = run.told_of(name).filter(|_| self.options.format != Format::Table) {
            progress::warn(&told);
        }
        if !self.options.verbose && !run.stderr.is_empty() {
            let lines = run.stderr.iter().map(|line| format!("\n    {line}"));
            progress::warn(&format!("{name} said at its end:{}", lines.collect::<String>()));
        }
    }
}

/// Prints bytes as they are, below the live line.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    progress::set_aside(|| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    })
}
