//! The parent's half of a run: one entrant in a fresh process, every word of it checked.
//!
//! [`Work`] runs it; `command` starts it ([`Originals`] are the files for Python), `conversation`
//! listens, `checked` checks each line, `recorded` keeps what it did step by step, `close_look`
//! looks at its processes, `costs` settles what it took. [`estimate`] says beforehand what it
//! should take, [`sweep`] runs it with more and more in flight, [`observe`] as a run of an
//! exercise, and [`program_check`] asks a program for everything that a stage promises.
//! [`system_calls`] counts what it asks of the system.

mod checked;
mod close_look;
mod command;
mod conversation;
mod costs;
pub mod estimate;
pub mod observe;
mod originals;
pub mod program_check;
mod recorded;
pub mod sweep;
pub mod system_calls;
mod work;

pub use originals::Originals;
pub use work::{Heard, Work};
