//! What a crawler must know and decide, without any waiting: which page is next, and what an answer
//! means. The two programs differ only in how they wait: `src/main.rs` and [`fetch_page`] on
//! chapter 9, and `crates/reference-tokio/examples/crawler.rs` on tokio.
//!
//! - [`Options`]: what the user may set
//! - [`Frontier`]: what to fetch next, and when; the outcomes come back to it
//! - [`Report`]: what was found
//! - `robots`, `links`: what robots.txt and a page say
//! - [`fetch_page`]: one page, on the loop of chapter 9

mod frontier;

mod report;

mod links;
mod robots;

mod options;

mod fetch;

pub use fetch::fetch_page;
pub use frontier::{Fetch, Frontier, Next};
pub use options::Options;
pub use report::Report;
