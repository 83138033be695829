//! Runs the stages of *Ways to Wait*, times them and draws what happened.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage_runner::main()
}
