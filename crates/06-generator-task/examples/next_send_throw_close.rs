//! The generator alone: `next`, `send`, `throw` and `close`, and what each
//! looks like from inside.
//!
//! Run it with `cargo run -p stage-06-generator-task --example
//! next_send_throw_close`.

use std::io;

use stage_06_generator_task::{Generator, Stackful, Yielder};

/// Speaks when it is dropped: Python's `finally`.
struct Finally(&'static str);

impl Drop for Finally {
    fn drop(&mut self) {
        println!("  inside: finally, {}", self.0);
    }
}

/// What is sent in: a value, or an error to be raised at the place where
/// the generator is suspended.
type Sent = Result<&'static str, &'static str>;

fn echo(yielder: &Yielder<Sent, String>, _: Sent) -> io::Result<String> {
    let _finally = Finally("the place is given up");
    let mut last = String::from("nothing yet");
    loop {
        match yielder.suspend(last) {
            Ok("stop") => return Ok("asked to stop".into()),
            Ok(word) => last = format!("received {word}"),
            Err(error) => {
                println!("  inside: caught {error}");
                last = "went on after an error".into();
            }
        }
    }
}

fn main() -> io::Result<()> {
    let mut generator = Stackful::new(echo)?;
    println!("next:  {:?}", generator.resume(Ok("this is not looked at")));
    println!("send:  {:?}", generator.resume(Ok("hello")));
    println!("throw: {:?}", generator.resume(Err("a problem")));
    println!("send:  {:?}", generator.resume(Ok("stop")));

    let mut other = Stackful::new(echo)?;
    println!("next:  {:?}", other.resume(Ok("this is not looked at")));
    println!("close:");
    drop(other);
    println!("closed");
    Ok(())
}

// Prints:
//
// next:  Err(Yield("nothing yet"))
// send:  Err(Yield("received hello"))
//   inside: caught a problem
// throw: Err(Yield("went on after an error"))
//   inside: finally, the place is given up
// send:  Ok("asked to stop")
// next:  Err(Yield("nothing yet"))
// close:
//   inside: finally, the place is given up
// closed
