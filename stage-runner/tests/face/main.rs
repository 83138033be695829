//! The runner as people and scripts meet it: the real binary, real processes, real sockets.

#![allow(unreachable_pub)]

mod addresses;
#[cfg(unix)]
mod check_program;
mod command_line;
#[cfg(unix)]
mod exercises;
#[cfg(unix)]
mod exercises_in_rust;
mod experiment;
mod formats;
#[cfg(unix)]
mod museum;
#[cfg(unix)]
mod operations;
#[cfg(unix)]
mod programs;
mod python;
mod report;
mod site;
mod support;
mod sweep;
#[cfg(unix)]
mod terminal;
