//! `stage-runner site`: the practice site alone, for a class or a second terminal.

use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::mpsc;

use practice_site::{Config, Site};

use crate::cli::SiteOptions;
use crate::system::processes;
use crate::terminal::progress;
use crate::words;

/// Serves until somebody stops it.
pub fn run(options: &SiteOptions, listen: IpAddr, port: u16, verbose: bool) -> ExitCode {
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
            progress::warn(&format!("error: {error}"));
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
    // The program or person that reads stdout would wait for a URL that never comes.
    if let Err(error) = write_line(&site.url("/")) {
        progress::warn(&format!(
            "error: cannot write the URL of the site to stdout, so the site ends: {error}"
        ));
        return ExitCode::FAILURE;
    }
    let first = if pages > 0 { format!(", from {} on", site.url("/1")) } else { String::new() };
    progress::note(&format!(
        "{}{first}; the front page lists them and all faults. Ctrl-C stops it.",
        words::plural(pages as u64, "page")
    ));
    wait_for_ctrl_c();
    site.stop();
    ExitCode::SUCCESS
}

fn write_line(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn wait_for_ctrl_c() {
    let (stop, stopped) = mpsc::channel();
    let handled = ctrlc::set_handler(move || {
        let _ = stop.send(());
    });
    match handled {
        Ok(()) => drop(stopped.recv()),
        // Without a handler Ctrl-C ends the process, and the site with it.
        Err(_) => loop {
            std::thread::park();
        },
    }
}
