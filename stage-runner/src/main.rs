//! Runs the stages of *Ways to Wait*, times them and draws what happened.

use std::process::ExitCode;

fn main() -> ExitCode {
    stage_02_process_pool::become_worker_if_asked();
    stage_10_many_loops::processes::become_worker_if_asked();
    stage_runner::main()
}
