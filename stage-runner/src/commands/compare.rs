//! Without a subcommand: runs the stages, round by round, and compares them.

use std::io::{self, ErrorKind};
use std::process::ExitCode;

use crawl::Url;
use practice_site::{Config, Site};

use super::{python, status};
use crate::cli::{Format, RunOptions, is_bare, meant, wrong};
use crate::lineup::entrants::{self, Entrant};
use crate::lineup::urls::{self, Wanted};
use crate::measure::{Originals, Work, estimate};
use crate::results::{Build, Machine, Report, Run, Setting, SiteSetting, descriptors_for_a_site};
use crate::system::{processes, signals};
use crate::terminal::countdown::{Countdown, NowAndThen};
use crate::terminal::look::Look;
use crate::terminal::redraw::Redraw;
use crate::terminal::{file, print, progress};
use crate::views::{html, json, markdown, screen, sentences};
use crate::words;

/// Runs what the command line asks for.
pub fn run(options: &RunOptions) -> ExitCode {
    let look = Look::new(options.color, options.charset);
    progress::set_up(options.quiet, look.ascii);
    let languages = options.language.languages();
    let mut entrants =
        entrants::choose(&options.stages, &options.programs, languages).unwrap_or_else(wrong);
    let given = given_urls(options).unwrap_or_else(wrong);
    if let Some(page) = &options.report {
        file::check(page).unwrap_or_else(wrong);
    }
    check_trace(options, entrants.len()).unwrap_or_else(wrong);

    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    let python = match python::for_those_who_need_it(&mut entrants, languages) {
        Ok(python) => python,
        Err(failure) => return failure,
    };
    let originals = python.originals.as_ref();
    let config = given.is_none().then(|| site_for(options, entrants.len()));
    let site = match config.clone().map(Site::start).transpose() {
        Ok(site) => site,
        Err(error) => {
            progress::warn(&format!("error: no practice site: {}", why_no_site(options, &error)));
            return ExitCode::FAILURE;
        }
    };
    let urls = given.unwrap_or_else(|| {
        let urls: Vec<String> = site.iter().flat_map(Site::page_urls).collect();
        urls::parse_all(urls.iter().map(String::as_str)).unwrap_or_else(wrong)
    });
    if let Some(page) = options.life.filter(|page| page.get() > urls.len()) {
        let pages = words::plural(urls.len() as u64, "page");
        wrong(format!("--life {page} is about page {page}, and there are {pages}"))
    }
    let wanted = urls::resolve(urls);
    let setting = Setting {
        urls: wanted.iter().map(|wanted| words::escaped(&wanted.url.to_string())).collect(),
        site: config.as_ref().map(SiteSetting::from),
        limits: options.limits(),
        rounds: options.rounds.get(),
        digest: options.digest,
        build: Build::this(),
        machine: Machine::this(),
        python: originals.map(|originals| originals.version().to_owned()),
    };
    let mut report = Report::new(setting, entrants);
    let shown = run_and_show(options, look, &wanted, originals, &mut report);
    progress::end();
    tell_of_descriptors(options, &report);
    // Whatever became of the printing, what was measured is kept.
    if let Some(page) = options.report.as_ref().filter(|_| !report.runs.is_empty())
        && super::saved("report", page, &html::page(&report)) != ExitCode::SUCCESS
    {
        return ExitCode::FAILURE;
    }
    let is_fine = report.is_fine() && !python.is_missed;
    status(match shown {
        // Whoever read this has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(is_fine),
        shown => shown.map(|()| is_fine),
    })
}

/// What the system said when it gave no practice site, and how many descriptors are enough if there
/// are too few.
fn why_no_site(options: &RunOptions, error: &io::Error) -> String {
    let connections = options.concurrency.get().min(options.site.config().pages);
    let needed = descriptors_for_a_site(connections);
    match processes::descriptor_limit().filter(|has| *has < needed) {
        Some(has) => format!(
            "{error}; a process has {has} descriptors here, and this needs {needed}: ulimit -n \
             {needed}, as root, allows them"
        ),
        None => processes::with_what_helps(error),
    }
}

/// Text has room for two columns.
fn check_trace(options: &RunOptions, entrants: usize) -> Result<(), String> {
    let option = if options.life.is_some() { "--life" } else { "--trace" };
    match entrants {
        3.. if options.is_traced() => Err(format!(
            "{option} shows one stage, or two in two columns, and here are {entrants}: \
             choose with --stage, as in -s blocking,epoll"
        )),
        _ => Ok(()),
    }
}

/// The practice site for so many entrants in all rounds.
fn site_for(options: &RunOptions, entrants: usize) -> Config {
    let config = options.site.config();
    let crawls = (options.rounds.get() as usize).saturating_mul(entrants);
    let destinations = urls::destinations(crawls.saturating_mul(config.pages));
    Config { destinations, ..config }
}

/// The URLs of the command line, or `None` for the practice site.
fn given_urls(options: &RunOptions) -> Result<Option<Vec<Url>>, String> {
    if options.urls.is_empty() && options.urls_file.is_none() {
        return Ok(None);
    }
    let mut urls = Vec::new();
    for text in &options.urls {
        urls.push(Url::parse(text).map_err(|error| match meant(text) {
            Some(meant) => {
                format!("\"{text}\" is neither a command nor a URL: did you mean {meant}?")
            }
            None if is_bare(text) => format!(
                "\"{text}\" is neither a command nor a URL: stage-runner --help lists the \
                 commands; if it is a host, write http://{text}"
            ),
            None => error.to_string(),
        })?);
    }
    if let Some(option) = options.site.given() {
        return Err(format!(
            "{option} is about the practice site, which does not run when URLs are given"
        ));
    }
    if let Some(file) = &options.urls_file {
        urls.extend(urls::read_file(file)?);
        if urls.is_empty() {
            progress::warn(&format!(
                "warning: there is no URL in {}, so there is nothing to fetch",
                urls::name_of(file)
            ));
        }
    }
    Ok(Some(urls))
}

/// Runs all rounds into the report, and shows it in the format that was asked for.
fn run_and_show(
    options: &RunOptions,
    look: Look,
    wanted: &[Wanted],
    originals: Option<&Originals>,
    report: &mut Report,
) -> io::Result<()> {
    let work = Work {
        wanted,
        limits: options.limits(),
        digest: options.digest,
        originals,
        activity: false,
        stderr_to: options.verbose.then_some(progress::warn),
    };
    let countdown = Countdown::begin(report);
    // One stage alone is drawn page by page, when it has run.
    let is_alone = report.entrants.len() == 1 && !wanted.is_empty();
    let mut table = match options.format {
        Format::Table if !is_alone && !options.is_traced() => {
            let expected = estimate::slowest(&report.setting, &report.entrants);
            Some(Redraw::begin(look, report, expected)?)
        }
        _ => None,
    };

    let entrants = report.entrants.clone();
    'rounds: for round in 0..options.rounds.get() {
        let activity = options.is_recorded() && round + 1 == options.rounds.get();
        let work = Work { activity, ..work };
        for (index, entrant) in entrants.iter().enumerate() {
            let run = run_one(options, &work, index, entrant, round, &countdown, report)?;
            explain(options, entrant, &run);
            report.add(run);
            report.interrupted = signals::asked();
            if report.interrupted {
                break 'rounds;
            }
            if let Some(table) = &mut table
                && round + 1 == options.rounds.get()
            {
                table.row(report)?;
            }
        }
    }

    progress::end();
    if options.is_traced() {
        let life = options.life.map(|page| page.get() - 1);
        return print::lines(&look, &screen::trace::lines(report, life, &look.style));
    }
    match (options.format, table) {
        (Format::Table, Some(table)) => table.end(report),
        (Format::Table, None) => {
            print::lines(&look, &screen::waterfall::lines(report, &look.style))
        }
        (Format::Json, _) => print::bytes(&json::report(report)),
        (Format::Jsonl, _) => Ok(()),
        (Format::Markdown, _) => print::lines(&look, &markdown::lines(report)),
    }
}

fn run_one(
    options: &RunOptions,
    work: &Work<'_>,
    index: usize,
    entrant: &Entrant,
    round: u32,
    countdown: &Countdown,
    report: &Report,
) -> io::Result<Run> {
    if let Err(why) = entrant.available() {
        return Ok(Run::skipped(index, round, why));
    }
    let mut pages = 0;
    let mut result = Ok(());
    let mut live = NowAndThen::default();
    let run = work.run(index, entrant, round, &mut |outcome| {
        if let Some(outcome) = outcome {
            pages += 1;
            if options.format == Format::Jsonl && result.is_ok() {
                result = print::bytes(&json::line(&report.setting, entrant, round, outcome));
            }
        }
        if live.is_due() {
            countdown.show(report, entrant, round, pages);
        }
        if outcome.is_none() && processes::stdout_is_closed() {
            result = Err(ErrorKind::BrokenPipe.into());
        }
        result.is_ok()
    });
    result.map(|()| run)
}

/// Where what is printed has no place for it, stderr says that there are too few descriptors.
fn tell_of_descriptors(options: &RunOptions, report: &Report) {
    let is_said = match options.format {
        Format::Table => !options.is_traced(),
        Format::Markdown => true,
        Format::Json | Format::Jsonl => false,
    };
    if !is_said && let Some(words) = sentences::too_few_descriptors(report) {
        progress::note(&words);
    }
}

/// Where the format has no place for it, stderr says what went wrong with a program.
fn explain(options: &RunOptions, entrant: &Entrant, run: &Run) {
    let name = &entrant.title();
    if signals::asked() {
        return;
    }
    if let Some(fault) = run.fault.as_ref().filter(|_| options.format != Format::Table) {
        progress::warn(&fault.of(name));
    }
    if run.stopped_us > 0 && matches!(options.format, Format::Json | Format::Jsonl) {
        progress::warn(&sentences::was_stopped(name, run.stopped_us));
    }
    if !options.verbose && !run.stderr.is_empty() {
        let lines = run.stderr.iter().map(|line| format!("\n    {line}"));
        progress::warn(&format!("{name} said at its end:{}", lines.collect::<String>()));
    }
}
