//! `--format json` and `jsonl`: everything, for programs, which may read it back.

mod activity;
mod report;
mod sweep;

pub use report::{ReadError, line, read_report, report};
pub use sweep::sweep;

/// The version of both documents.
const VERSION: u32 = 1;

/// The document, as it is printed.
fn printed(document: &impl serde::Serialize) -> Vec<u8> {
    let mut document = serde_json::to_vec_pretty(document).expect("results are JSON");
    document.push(b'\n');
    document
}
