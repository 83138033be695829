//! What a stack costs, and what happens when it is too small.
//!
//! A generator with a stack of its own takes 64 KiB of address space, of
//! which it touches a page of 4 KiB or two. If its body needs more than the
//! 64 KiB, it runs into a page that is not there, and the system ends the
//! whole program: no error, no message, no unwinding. To show that safely,
//! this program starts itself once more and lets that one overflow.
//!
//! Run it with `cargo run -p stage-06-generator-task --example stack_cost`.

use std::hint::black_box;
use std::process::Command;
use std::{env, io};

use stage_06_generator_task::{Generator, Stackful, Yielder};

const GENERATORS: usize = 1000;

fn main() -> io::Result<()> {
    if env::args().nth(1).as_deref() == Some("overflow") {
        overflow()?;
        println!("the stack was large enough after all");
        return Ok(());
    }

    let before = resident_bytes();
    let mut waiting = Vec::new();
    for _ in 0..GENERATORS {
        let mut generator =
            Stackful::new(|yielder: &Yielder<(), ()>, ()| {
                yielder.suspend(());
                Ok(())
            })?;
        let _ = generator.resume(());
        waiting.push(generator);
    }
    match (before, resident_bytes()) {
        (Some(before), Some(now)) => {
            println!(
                "{GENERATORS} generators wait, at {} bytes each",
                (now - before) / GENERATORS
            );
        }
        _ => println!(
            "{GENERATORS} generators wait (their memory is unknown here)"
        ),
    }

    let child =
        Command::new(env::current_exe()?).arg("overflow").output()?;
    println!("one that recursed too deep: {}", child.status);
    Ok(())
}

fn overflow() -> io::Result<()> {
    let _ = Stackful::new(|_: &Yielder<(), ()>, ()| Ok(depth(1_000_000)))?
        .resume(());
    Ok(())
}

/// Recurses, with a little on the stack each time. The compiler must not
/// see through it.
#[inline(never)]
fn depth(left: u64) -> u64 {
    let on_the_stack = black_box([left; 16]);
    if left == 0 { 0 } else { depth(left - 1) + on_the_stack[7] }
}

/// Memory that this process has now, where the system tells.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let resident =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(
        resident.trim().trim_end_matches(" kB").parse::<usize>().ok()?
            * 1024,
    )
}
