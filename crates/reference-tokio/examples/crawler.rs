//! The crawler of `examples/crawler`, on tokio. What to fetch, and what an
//! answer means, is the same code; this is only the waiting.
//!
//! Without a URL it crawls a practice site of its own.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use clap::Parser;
use crawl::{DeadlinePassed, ErrorKind, Exchange, FetchError, Limits};
use crawl::{Outcome, Page, Received, Target, Worker};
use crawler::{Fetch, Frontier, Next, Options};
use practice_site::{Config, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

type Ended = (Fetch, Result<Page, FetchError>);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let site = Site::start(Config::default())?;
    let origin = site.url("");
    let options = Options::try_parse().unwrap_or_else(|error| {
        if std::env::args().len() > 1 {
            error.exit();
        }
        let start = site.url("/linked/2016/page/0");
        Options::parse_from(["crawler", &start, "--delay", "5"])
    });
    let limits = options.limits();
    let mut frontier = Frontier::new(options);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(crawl(&mut frontier, limits))?;
    // The practice site has a new port each time.
    let report = frontier.report().to_string();
    let report = report.replace(&format!("{origin}/linked/2016"), "");
    print!("{}", report.replace(&origin, ""));
    if frontier.is_unfinished() {
        eprintln!("interrupted: {}", frontier.progress());
        return Ok(ExitCode::from(130));
    }
    Ok(ExitCode::SUCCESS)
}

/// Begins what the frontier asks for, and tells it what came of it.
async fn crawl(frontier: &mut Frontier, limits: Limits) -> io::Result<()> {
    let mut fetches = JoinSet::<Ended>::new();
    // `tokio::signal` would do this, too. But Cargo builds tokio once for
    // the whole workspace, and with signals each runtime keeps two sockets.
    let interrupted = Arc::new(Notify::new());
    let handler = Arc::clone(&interrupted);
    let is_second = AtomicBool::new(false);
    ctrlc::set_handler(move || {
        if is_second.swap(true, Ordering::Relaxed) {
            process::exit(130);
        }
        handler.notify_one();
    })
    .map_err(io::Error::other)?;
    let mut is_stopped = false;
    let shows_progress = io::stderr().is_terminal();
    loop {
        let when = match frontier.next(Instant::now()) {
            Next::Fetch(next) => {
                fetches.spawn(fetch(next, limits));
                continue;
            }
            Next::At(when) => Some(when),
            Next::WhenOneEnds => None,
            Next::Finished => break,
        };
        let moment = when.unwrap_or_else(Instant::now);
        tokio::select! {
            Some(ended) = fetches.join_next() => {
                let (fetch, result) =
                    ended.expect("a fetch neither panics nor is cancelled");
                frontier.ended(fetch, result, Instant::now());
            }
            () = sleep_until(moment.into()), if when.is_some() => {}
            () = interrupted.notified(), if !is_stopped => {
                is_stopped = true;
                frontier.stop();
            }
        }
        if shows_progress {
            eprint!("\r\x1b[K{}", frontier.progress());
        }
    }
    if shows_progress {
        eprint!("\r\x1b[K");
    }
    Ok(())
}

/// Fetches one page, with a deadline for all of it.
async fn fetch(fetch: Fetch, limits: Limits) -> Ended {
    let target = match resolve(&fetch).await {
        Ok(target) => target,
        Err(error) => {
            let (kind, why) = (ErrorKind::Resolve, error.to_string());
            let outcome = Outcome::not_fetched(0, Worker::Main, kind, why);
            return (fetch, outcome.result);
        }
    };
    let mut exchange = Exchange::new(&target, &limits);
    let page = timeout(limits.deadline, try_all(&mut exchange)).await;
    let page = page.unwrap_or(Err(DeadlinePassed.into()));
    (fetch, exchange.finish(0, page).result)
}

/// The lookup of a name blocks, so tokio has a thread for it.
async fn resolve(fetch: &Fetch) -> io::Result<Target> {
    let url = crawl::Url::parse(fetch.url.as_str());
    let url = url.map_err(io::Error::other)?;
    let addresses = lookup_host((url.host(), url.port())).await?;
    let addresses: Vec<_> = addresses.collect();
    if addresses.is_empty() {
        let why = format!("{} has no address", url.host());
        return Err(io::Error::other(why));
    }
    Ok(Target::with_addresses(url, &addresses))
}

async fn try_all(exchange: &mut Exchange) -> io::Result<Page> {
    loop {
        let page = download(exchange).await;
        if !exchange.try_next_address(&page) {
            return page;
        }
    }
}

async fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let mut socket = TcpStream::connect(exchange.address()).await?;
    exchange.connected(Ok(()))?;
    let bytes = exchange.unsent().len();
    let sent = socket.write_all(exchange.unsent()).await;
    exchange.sent(sent.map(|()| bytes))?;
    let mut chunk = vec![0; 8 << 10];
    loop {
        let received = socket.read(&mut chunk).await;
        if let Received::Page(page) = exchange.received(received, &chunk)? {
            return Ok(page);
        }
    }
}

// Prints:
//
// fetched: 53 pages, 24 redirects, 18 retries
// broken: /fault/empty-reply (empty-reply), linked on /page/11
// broken: /fault/empty-reply (empty-reply), linked on /page/12
// broken: /fault/empty-reply (empty-reply), linked on /page/25
// broken: /circle/0 (more than 5 redirects), linked on /page/19
// broken: /circle/1 (more than 5 redirects), linked on /page/15
// broken: /circle/1 (more than 5 redirects), linked on /page/4
// broken: /down/10 (status 503), linked on /page/30
// broken: /down/11 (status 503), linked on /page/29
// broken: /down/31 (status 503), linked on /page/6
// broken: /down/4 (status 503), linked on /page/22
// broken: /gone/12 (status 404), linked on /page/1
// broken: /gone/37 (status 404), linked on /page/24
// broken: /moved-and-gone/23 (status 404), linked on /page/20
// broken: /moved-and-gone/34 (status 404), linked on /page/9
// broken: /moved-and-gone/36 (status 404), linked on /page/35
// broken: /redirect/7/2 (more than 5 redirects), linked on /page/3
// broken: /redirect/7/30 (more than 5 redirects), linked on /page/39
// forbidden: /linked/private/2016/23
// outside: http://outside.invalid/
// too deep: /trap/9
