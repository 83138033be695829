//! What came of it: plain data, which knows neither the command line nor a terminal.
//!
//! [`Report`] is a comparison, [`Sweep`] a sweep. Views are functions of these.

mod activity;
mod blocked;
mod fault;
pub mod program_check;
mod report;
mod rows;
mod run;
mod setting;
pub mod sweep;
pub mod system_calls;
mod who;

pub use activity::{Activity, Did, Place, State, Step, Tenths};
pub use blocked::Blocked;
pub use fault::{Ending, Fault, WrongLine};
pub use report::Report;
pub use rows::Row;
pub use run::{Doubts, Run, Status, wait_us};
pub use setting::{Build, Machine, Profile, Setting, SiteSetting, descriptors_for_a_site};
pub use sweep::Sweep;
pub use who::{Who, WorkerKind};
