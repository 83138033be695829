//! The report as one page that opens from disk: what every stage did with the same pages, first at
//! a glance, then step by step.
//!
//! The page asks nobody for anything. Overview and tables are complete without its script.
//!
//! - `model`: from a report to what the page says
//! - `overview`: the pictures that need no script
//! - `replay` and `excerpt`: what the script gets, steps and code
//! - `page`: the template, and what keeps foreign text from being anything but text

mod excerpt;
mod model;
mod overview;
mod page;
mod replay;

pub use page::page;
