//! `--format json` and `jsonl`: everything, for programs, which may read it back.

mod activity;
mod event;
mod experiment;
mod printed;
mod program_check;
mod report;
mod sweep;
mod verdicts;

pub use event::event;
pub use experiment::{experiment, experiments};
use printed::printed;
pub use program_check::program_checks;
pub use report::{ReadError, line, read_report, report};
pub use sweep::sweep;
pub use verdicts::{Checked, verdicts};

/// The version of both documents.
const VERSION: u32 = 1;
