//! `stage-runner site`: the practice site alone, for a class or a second terminal.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use practice_site::{Config, Site};

use crate::cli::SiteOptions;
use crate::system::{processes, signals};
use crate::terminal::{file, print, progress};
use crate::views::json;
use crate::words;

/// How long an event may wait before it is written.
const INTERVAL: Duration = Duration::from_millis(50);

/// Serves until somebody stops it.
pub fn run(
    options: &SiteOptions,
    listen: IpAddr,
    port: u16,
    events: Option<&Path>,
    verbose: bool,
) -> ExitCode {
    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    let mut log = match events.map(Log::open).transpose() {
        Ok(log) => log,
        Err(why) => {
            progress::warn(&format!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let config = Config { listen, port, events: log.is_some(), ..options.config() };
    let pages = config.pages;
    let started = if verbose {
        Site::start_reporting(config, |arrival| progress::note(&arrival.to_string()))
    } else {
        Site::start(config)
    };
    let site = match started {
        Ok(site) => site,
        Err(error) => {
            progress::warn(&format!("error: {}", processes::with_what_helps(&error)));
            return ExitCode::FAILURE;
        }
    };
    if !site.is_loopback() {
        progress::warn(
            "warning: whoever can reach this machine can reach this site, and it misbehaves on purpose",
        );
    }
    match site.addresses_for_others() {
        Ok(addresses) => {
            for address in addresses {
                progress::note(&format!("other machines reach it at http://{address}/"));
            }
        }
        Err(error) => progress::warn(&format!(
            "the addresses for other machines are unknown ({error}): `ip addr`, `ifconfig` or \
             `ipconfig` may show them"
        )),
    }
    // Whoever reads the address may have left with it; where it could not be written, nobody knows
    // it.
    match print::bytes(format!("{}\n", site.url("/")).as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            site.stop();
            progress::warn(&format!(
                "error: cannot write the URL of the site to stdout, so the site ends: {error}"
            ));
            return ExitCode::FAILURE;
        }
        _ => {}
    }
    let first = if pages > 0 { format!(", from {} on", site.url("/1")) } else { String::new() };
    progress::note(&format!(
        "{}{first}; the front page lists them and all faults. Ctrl-C stops it.",
        words::plural(pages as u64, "page")
    ));
    let served = match &mut log {
        Some(log) => write_events(&site, log),
        None => {
            signals::wait();
            Ok(())
        }
    };
    site.stop();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            progress::warn(&format!("error: {why}, so the site ends"));
            ExitCode::FAILURE
        }
    }
}

/// Writes what the site sees as it comes, and the rest when somebody asks to stop.
fn write_events(site: &Site, log: &mut Log) -> Result<(), String> {
    let mut stopped = false;
    while !stopped {
        stopped = signals::wait_at_most(INTERVAL);
        let lines: Vec<u8> = site.take_events().iter().flat_map(json::event).collect();
        log.write(&lines)?;
    }
    match site.events_left_out() {
        0 => Ok(()),
        count => Err(format!("{count} events came faster than they could be written")),
    }
}

/// Where the events go.
enum Log {
    Stdout,
    /// The reader of stdout has gone: the site still serves, as it does without a log.
    Nowhere,
    File(File, String),
}

impl Log {
    fn open(path: &Path) -> Result<Log, String> {
        if path == Path::new("-") {
            return Ok(Log::Stdout);
        }
        Ok(Log::File(file::create(path)?, path.display().to_string()))
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), String> {
        let not_written =
            |name: &str, error: io::Error| Err(format!("cannot write {name}: {error}"));
        match self {
            _ if lines.is_empty() => Ok(()),
            Log::Nowhere => Ok(()),
            Log::Stdout => match print::bytes(lines) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    *self = Log::Nowhere;
                    Ok(())
                }
                Err(error) => not_written("the events to stdout", error),
                Ok(()) => Ok(()),
            },
            Log::File(file, name) => {
                file.write_all(lines).or_else(|error| not_written(name, error))
            }
        }
    }
}
