//! `stage-runner site`: the practice site alone, for a class or a second terminal.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::process::ExitCode;

use practice_site::{Config, Site};

use crate::cli::SiteOptions;
use crate::system::{processes, signals};
use crate::terminal::{print, progress};
use crate::words;

/// Serves until somebody stops it.
pub fn run(options: &SiteOptions, listen: IpAddr, port: u16, verbose: bool) -> ExitCode {
    if let Err(failure) = super::watch_signals() {
        return failure;
    }
    processes::raise_descriptor_limit();
    let config = Config { listen, port, ..options.config() };
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
    signals::wait();
    site.stop();
    ExitCode::SUCCESS
}
