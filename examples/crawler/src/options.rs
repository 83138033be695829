use std::time::Duration;

use clap::Parser;
use crawl::Limits;
use url::Url;

/// Crawls the sites of the given pages, and reports their broken links.
///
/// Only links that stay on a host of the given pages are followed.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Where to start: http://127.0.0.1:8000/linked/2016/page/0
    #[arg(required = true, value_name = "URL", value_parser = parse_start)]
    pub starts: Vec<Url>,
    /// How many fetches at a time
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub at_once: u32,
    /// How many fetches at a time from one host
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub per_host: u32,
    /// How long to wait between two requests to one host, in milliseconds
    #[arg(long, default_value_t = 50, value_name = "MS")]
    pub delay: u64,
    /// How many links may lead from a start to a page
    #[arg(long, default_value_t = 8)]
    pub depth: u32,
    /// How many redirects may follow one another
    #[arg(long, default_value_t = 5)]
    pub redirects: u32,
    /// How often a page is asked for, if it fails for a reason that may pass
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub attempts: u32,
    /// How long to wait before the second attempt, in milliseconds; twice as long before each next
    #[arg(long, default_value_t = 100, value_name = "MS")]
    pub backoff: u64,
    /// How many seconds one fetch may take
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub deadline: u64,
}

impl Options {
    /// The limits of one fetch.
    pub fn limits(&self) -> Limits {
        Limits { deadline: Duration::from_secs(self.deadline), ..Limits::default() }
    }
}

fn parse_start(text: &str) -> Result<Url, String> {
    crawl::Url::parse(text).map_err(|error| error.reason)?;
    Url::parse(text).map_err(|error| error.to_string())
}
