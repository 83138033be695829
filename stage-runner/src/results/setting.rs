//! Under which conditions a comparison ran.

use std::env::consts;
use std::thread;
use std::time::Duration;

use crawl::Limits;
use practice_site::Config;
use serde::{Deserialize, Serialize};

use crate::system::processes;

/// What all runs of a comparison have in common.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What was fetched, as it is shown.
    pub urls: Vec<String>,
    /// What the practice site served, where it was the one.
    pub site: Option<SiteSetting>,
    /// The limits of each crawl.
    pub limits: Limits,
    /// How many rounds were asked for.
    pub rounds: u32,
    /// Whether bodies were hashed.
    pub digest: bool,
    /// Which runner it was.
    pub build: Build,
    /// Where it ran.
    pub machine: Machine,
    /// The version of the Python that ran the originals, if any took part.
    pub python: Option<String>,
}

/// What the practice site served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteSetting {
    /// How many pages.
    pub pages: usize,
    /// How long each took.
    pub delay: Duration,
    /// Up to how much longer, at random.
    pub jitter: Duration,
    /// The size of each.
    pub size_bytes: u64,
    /// Where the random part started.
    pub seed: u64,
}

/// Which runner it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// Its version.
    #[serde(rename = "runner")]
    pub version: String,
    /// How it was compiled.
    pub profile: Profile,
}

/// How a program was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// For finding mistakes: its CPU times say little.
    Debug,
    /// For running.
    Release,
}

/// Where it ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// `linux`, `macos`, `windows` and so on.
    pub os: String,
    /// `x86_64`, `aarch64` and so on.
    pub arch: String,
    /// Processors that this process may use.
    pub cpus: Option<usize>,
    /// Descriptors that a process may have: one for each socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descriptors: Option<usize>,
}

impl Build {
    /// This one.
    pub fn this() -> Build {
        Build {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profile: if cfg!(debug_assertions) { Profile::Debug } else { Profile::Release },
        }
    }

    /// Whether CPU times say little.
    pub fn is_debug(&self) -> bool {
        self.profile == Profile::Debug
    }
}

impl Machine {
    /// This one.
    pub fn this() -> Machine {
        Machine {
            os: consts::OS.to_owned(),
            arch: consts::ARCH.to_owned(),
            cpus: thread::available_parallelism().ok().map(Into::into),
            descriptors: processes::descriptor_limit(),
        }
    }
}

impl From<&Config> for SiteSetting {
    fn from(config: &Config) -> SiteSetting {
        SiteSetting {
            pages: config.pages,
            delay: config.delay,
            jitter: config.jitter,
            size_bytes: config.size,
            seed: config.seed,
        }
    }
}

impl SiteSetting {
    /// How long each page takes, from the first on.
    pub fn delays(&self) -> impl Iterator<Item = Duration> {
        let (delay, jitter, seed) = (self.delay, self.jitter, self.seed);
        let config = Config { delay, jitter, seed, ..Config::default() };
        (1..=self.pages).map(move |page| practice_site::page_delay(&config, page))
    }
}

/// Descriptors that a process needs beside its connections: a stage, and the runner with its site.
const STAGE_DESCRIPTORS: usize = 16;
const SITE_DESCRIPTORS: usize = 64;

/// How many descriptors a process needs that has the practice site, with so many connections to it.
pub fn descriptors_for_a_site(connections: usize) -> usize {
    connections + SITE_DESCRIPTORS
}

impl Setting {
    /// Fetches that are in flight at the same time, at most.
    pub fn most_in_flight(&self) -> usize {
        self.limits.concurrency.get().min(self.urls.len())
    }

    /// How many descriptors a process needs for them: the one with the practice site, or else the
    /// stage.
    pub fn descriptors_needed(&self) -> usize {
        match self.site {
            Some(_) => descriptors_for_a_site(self.most_in_flight()),
            None => self.most_in_flight() + STAGE_DESCRIPTORS,
        }
    }

    /// A URL as short as it is still clear: its path, where there is only one host, or all are the
    /// practice site.
    pub fn short_url(&self, target: usize) -> &str {
        let (host, path) = split(&self.urls[target]);
        let is_only_host = || self.urls.iter().all(|url| split(url).0 == host);
        if self.site.is_some() || is_only_host() {
            path
        } else {
            without_scheme(&self.urls[target])
        }
    }

    /// The hosts of all URLs, each once.
    pub fn hosts(&self) -> std::collections::BTreeSet<&str> {
        self.urls.iter().map(|url| split(url).0).collect()
    }
}

fn without_scheme(url: &str) -> &str {
    url.trim_start_matches("http://")
}

/// Host and path.
fn split(url: &str) -> (&str, &str) {
    let rest = without_scheme(url);
    rest.split_at(rest.find('/').unwrap_or(rest.len()))
}
