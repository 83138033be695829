//! Prints the first line that the compiler says about a program:
//! `cargo run -p what-rust-refuses --example first_line -- shared_counter`.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let refusals = match what_rust_refuses::refusals() {
        Ok(refusals) => refusals,
        Err(error) => {
            eprintln!("the programs could not be compiled: {error}");
            return ExitCode::FAILURE;
        }
    };
    let program = env::args().nth(1).unwrap_or_default();
    let Some([first, ..]) = refusals.get(&program).map(Vec::as_slice) else {
        let names: Vec<_> = refusals.keys().map(String::as_str).collect();
        eprintln!("no refused program is called {program:?}; there are {}", names.join(", "));
        return ExitCode::FAILURE;
    };
    println!("{first}");
    ExitCode::SUCCESS
}
