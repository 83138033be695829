//! Every fault of the practice site, and the outcome that a fetch of it must have.
//!
//! The corpus is data and pure functions: it starts no program and fetches nothing. Whoever checks
//! a stage, or a program in another language, starts a site, fetches the URL of each [`Case`] and
//! compares the outcome:
//!
//! ```
//! use corpus::{Case, find};
//! use practice_site::Site;
//!
//! let site = Site::start(corpus::site_config())?;
//! let case = find("garbage").expect("a case of this name");
//! assert_eq!(case.url(&site), Some(site.url("/fault/garbage")));
//! assert_eq!(case.expected.to_string(), "malformed while receiving, after 1 byte");
//!
//! let slow = corpus::CASES.iter().filter(|case| case.is_slow());
//! assert!(slow.count() > 5);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # Layout
//!
//! - `cases`: the table. A new fault of the site is one entry in `practice_site::FAULTS` and one
//!   here.
//! - `case`: what an entry is, and the URLs that it makes
//! - `expected`: the outcome that a fetch must have, and how another one differs

mod cases;

mod case;

mod expected;

pub use case::{Case, Source};
pub use cases::{CASES, find};
pub use expected::{Difference, Expected, Field};

use std::time::Duration;

use crawl::Limits;
use practice_site::{Config, Site};

/// The largest head under which the outcomes are the expected ones, in bytes.
pub const MAX_HEAD_BYTES: usize = 64 << 10;

/// The largest body under which the outcomes are the expected ones, in bytes. It is small, so that
/// debug builds and slow programs receive it quickly.
pub const MAX_BODY_BYTES: u64 = 1 << 20;

/// The limits under which the outcomes are the expected ones. The deadline is long: a case that is
/// not slow must not meet it, on a busy machine either.
pub fn limits() -> Limits {
    Limits {
        deadline: Duration::from_secs(20),
        max_head_bytes: MAX_HEAD_BYTES,
        max_body_bytes: MAX_BODY_BYTES,
        ..Limits::default()
    }
}

/// The limits for slow cases: a deadline that is sure to pass, and soon.
pub fn slow_limits() -> Limits {
    Limits { deadline: Duration::from_millis(400), ..limits() }
}

/// The site that the cases are about: 500 pages of 1024 bytes, without a delay, on a free port of
/// loopback.
pub fn site_config() -> Config {
    Config { pages: 500, delay: Duration::ZERO, size: 1024, ..Config::default() }
}

/// How many bytes the page of [`one_page_in_every_form`] has.
pub const FORM_BYTES: u64 = 1500;

/// One page by many URLs: with each framing, whole and cut into pieces. Each fetch must bring
/// status 200, [`FORM_BYTES`] bytes, and the same digest.
pub fn one_page_in_every_form(site: &Site) -> Vec<String> {
    let framings = ["", "&chunked=1", "&close=1"];
    let cuts = ["", "&cut=1", "&cut=7", "&cut=64", "&cut=1460"];
    let form = |framing, cut| site.url(&format!("/1?size={FORM_BYTES}{framing}{cut}"));
    framings.iter().flat_map(|framing| cuts.iter().map(move |cut| form(framing, cut))).collect()
}
