//! Says whether the stage `io-uring` runs here, or why it is skipped:
//!
//! ```sh
//! cargo run -p stage-11-io-uring --example available
//! ```
//!
//! With `--required` it fails where the stage is skipped.

use std::process::ExitCode;

fn main() -> ExitCode {
    let is_required = std::env::args().any(|word| word == "--required");
    match stage_11_io_uring::available() {
        Ok(()) => println!("io-uring: run"),
        Err(why) => {
            println!("io-uring: skipped: {why}");
            if is_required {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
