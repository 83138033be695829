//! How large is one fetch: with a stack, as one generator, as generators
//! within generators?
//!
//! Run it with `cargo run -p stage-07-yield-from --example
//! generator_sizes`.

use stage_06_generator_task::STACK_BYTES;
use stage_07_yield_from::{FETCH_BYTES, flat};

fn main() {
    println!(
        "chapter 6, a stack:          {STACK_BYTES:>5} bytes, reserved"
    );
    println!("chapter 7, one generator:    {:>5} bytes", flat::FETCH_BYTES);
    println!("chapter 7, small generators: {FETCH_BYTES:>5} bytes");
    println!(
        "of these, the exchange:      {:>5} bytes",
        size_of::<crawl::Exchange>()
    );
}

// Prints:
//
// chapter 6, a stack:          65536 bytes, reserved
// chapter 7, one generator:      128 bytes
// chapter 7, small generators:   128 bytes
// of these, the exchange:         80 bytes
