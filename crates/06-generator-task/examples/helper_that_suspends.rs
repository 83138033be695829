//! What a stack can do and a frame cannot: an ordinary function that the
//! generator calls may suspend.
//!
//! In Python a generator can suspend only in its own body. If `ask` below
//! had a `yield` in it, calling it would run nothing of it and hand back
//! another generator; hence `yield from`, in chapter 7. Here the stack
//! under `ask` is kept as a whole, so it simply works.
//!
//! Run it with `cargo run -p stage-06-generator-task --example
//! helper_that_suspends`.

use stage_06_generator_task::{Generator, Stackful, Yielder};

/// Neither a generator nor special in any way.
fn ask(
    yielder: &Yielder<String, &'static str>,
    question: &'static str,
) -> String {
    let answer = yielder.suspend(question);
    answer.to_uppercase()
}

fn main() -> std::io::Result<()> {
    let mut conversation =
        Stackful::new(|yielder: &Yielder<String, &'static str>, _| {
            let name = ask(yielder, "who?");
            let place = ask(yielder, "where?");
            Ok(format!("{name} in {place}"))
        })?;
    println!("{:?}", conversation.resume(String::new()));
    println!("{:?}", conversation.resume("greta".into()));
    println!("{:?}", conversation.resume("paris".into()));
    Ok(())
}

// Prints:
//
// Err(Yield("who?"))
// Err(Yield("where?"))
// Ok("GRETA in PARIS")
