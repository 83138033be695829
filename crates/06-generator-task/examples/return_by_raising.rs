//! The older style: a generator that *returns by raising*.
//!
//! Before Python 3.3 a generator could not return a value. Tornado's coroutines therefore raised an
//! exception that carried it, and whoever drove the generator took it for the result. In Rust the
//! exception is the `Err` that `?` hands on: the value leaves through every caller in between, as an
//! exception does, and the driver tells it from a real failure.
//!
//! Run it with `cargo run -p stage-06-generator-task --example return_by_raising`.

use stage_06_generator_task::{Generator, Return, Stackful, Step, Yield, Yielder};

#[derive(Debug)]
enum Raised {
    /// Not a failure: the value that the generator returns.
    Return(u32),
    Failure(&'static str),
}

/// A generator of that style has no result of its own: it can only come to its end, or raise.
fn sum_of_three(yielder: &Yielder<Result<u32, &'static str>, &'static str>) -> Result<(), Raised> {
    let mut sum = 0;
    for question in ["first number?", "second number?", "third number?"] {
        sum += yielder.suspend(question).map_err(Raised::Failure)?;
    }
    Err(Raised::Return(sum))
}

fn drive(answers: [Result<u32, &'static str>; 3]) -> Result<u32, &'static str> {
    let mut generator = Stackful::new(|yielder: &Yielder<_, _>, _| sum_of_three(yielder))
        .expect("there is memory for a stack");
    let mut step: Step<&str, Result<(), Raised>> = generator.resume(Ok(0));
    let mut answers = answers.into_iter();
    loop {
        match step {
            Yield(question) => {
                let answer = answers.next().expect("three questions, three answers");
                println!("{question} {answer:?}");
                step = generator.resume(answer);
            }
            Return(Err(Raised::Return(value))) => return Ok(value),
            Return(Err(Raised::Failure(why))) => return Err(why),
            Return(Ok(())) => return Err("it came to its end without a value"),
        }
    }
}

fn main() {
    println!("driver: {:?}\n", drive([Ok(20), Ok(20), Ok(2)]));
    println!("driver: {:?}", drive([Ok(20), Err("out of numbers"), Ok(0)]));
}
