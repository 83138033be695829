//! The older style: a generator that *returns by raising*.
//!
//! Before Python 3.3 a generator could not return a value. Tornado's
//! coroutines therefore raised an exception that carried the value, and
//! whoever drove the generator took it for the result. In Rust the
//! exception is the `Err` that `?` hands on: the value leaves through every
//! caller in between, as an exception does, and the driver tells it from a
//! failure.
//!
//! Run it with `cargo run -p stage-06-generator-task --example
//! return_by_raising`.

use std::{error, fmt, io};

use stage_06_generator_task::{Generator, Raise, Stackful, Yield, Yielder};

/// Not a failure: it carries the value that the generator returns.
#[derive(Debug)]
struct ReturnByRaising(u32);

impl fmt::Display for ReturnByRaising {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "return {}", self.0)
    }
}

impl error::Error for ReturnByRaising {}

/// What is sent in: an answer, or an error to be raised.
type Answer = Result<u32, &'static str>;

/// A generator of that style has no value of its own at its end.
fn sum_of_three(yielder: &Yielder<Answer, &'static str>) -> io::Result<()> {
    let mut sum = 0;
    for question in ["first number?", "second number?", "third number?"] {
        sum += yielder.suspend(question).map_err(io::Error::other)?;
    }
    Err(io::Error::other(ReturnByRaising(sum)))
}

fn drive(answers: [Answer; 3]) -> Result<u32, String> {
    let body = |yielder: &Yielder<_, _>, _| sum_of_three(yielder);
    let mut generator = Stackful::new(body).map_err(|e| e.to_string())?;
    let mut answers = answers.into_iter();
    let mut answer = Ok(0);
    loop {
        match generator.resume(answer) {
            Err(Yield(question)) => {
                answer =
                    answers.next().expect("an answer to each question");
                println!("{question} {answer:?}");
            }
            Err(Raise(error)) => {
                let raised = error.downcast::<ReturnByRaising>();
                return raised.map(|it| it.0).map_err(|e| e.to_string());
            }
            Ok(()) => return Err("it ended without a value".to_owned()),
        }
    }
}

fn main() {
    println!("driver: {:?}\n", drive([Ok(20), Ok(20), Ok(2)]));
    println!("driver: {:?}", drive([Ok(20), Err("out of numbers"), Ok(0)]));
}

// Prints:
//
// first number? Ok(20)
// second number? Ok(20)
// third number? Ok(2)
// driver: Ok(42)
//
// first number? Ok(20)
// second number? Err("out of numbers")
// driver: Err("out of numbers")
