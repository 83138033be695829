//! The two-way channel of `yield from`: values both ways, errors inward,
//! the return value out.
//!
//! The driver talks to the outer generator only. What it sends arrives at
//! the inner one; what the inner one yields arrives at the driver; the
//! outer one sees nothing of it until the inner one returns.
//!
//! `delegation.py`, beside this file, is the same in Python.
//!
//! Run it with `cargo run -p stage-07-yield-from --example delegation`.

use std::io;

use stage_06_generator_task::{Generator, Raise, Step, Yield};

/// What is sent in: a reading, `None` for "that was the last one", or an
/// error to be raised inside.
type Sent = Result<Option<f64>, &'static str>;

/// What the first step sends, only to get a generator going.
const PRIME: Sent = Ok(None);

/// The mean so far; there is none before the first reading.
type Mean = Option<f64>;

/// The inner generator: the mean of the readings, once there are no more.
#[derive(Default)]
struct Average {
    begun: bool,
    total: f64,
    count: u32,
    mean: Mean,
}

impl Generator<Sent> for Average {
    type Yielded = Mean;
    type Returned = Mean;

    fn resume(&mut self, sent: Sent) -> Step<Mean, Mean> {
        if !self.begun {
            self.begun = true;
            return Err(Yield(self.mean));
        }
        match sent {
            Ok(Some(reading)) => {
                self.total += reading;
                self.count += 1;
                self.mean = Some(self.total / f64::from(self.count));
            }
            Ok(None) => return Ok(self.mean),
            Err("no signal") => {
                println!("    inner: caught, this reading is left out");
            }
            Err(error) => return Err(Raise(io::Error::other(error))),
        }
        Err(Yield(self.mean))
    }
}

/// The outer generator: the means of two days.
enum Weekend {
    Saturday(Average),
    Sunday { saturday: Mean, average: Average },
}

impl Generator<Sent> for Weekend {
    type Yielded = Mean;
    type Returned = (Mean, Mean);

    fn resume(&mut self, mut sent: Sent) -> Step<Mean, (Mean, Mean)> {
        loop {
            match self {
                Weekend::Saturday(average) => {
                    let saturday = average.resume(sent)?; // yield from
                    println!("  outer: saturday is {saturday:?}");
                    let average = Average::default();
                    *self = Weekend::Sunday { saturday, average };
                    sent = PRIME; // the next inner generator begins
                }
                Weekend::Sunday { saturday, average } => {
                    let sunday = average.resume(sent)?; // yield from
                    return Ok((*saturday, sunday));
                }
            }
        }
    }
}

fn main() {
    let mut weekend = Weekend::Saturday(Average::default());
    println!("driver: primes, and gets {:?}", weekend.resume(PRIME));
    let day = [Ok(Some(18.0)), Ok(Some(22.0)), Ok(None)];
    let next_day = [Ok(Some(9.0)), Err("no signal"), Ok(None)];
    for sent in day.into_iter().chain(next_day) {
        println!("driver: sends {sent:?}");
        println!("driver: gets {:?}", weekend.resume(sent));
    }

    let mut weekend = Weekend::Saturday(Average::default());
    println!("driver: primes, and gets {:?}", weekend.resume(PRIME));
    println!("driver: throws a problem that nobody catches");
    match weekend.resume(Err("out of order")) {
        Err(Raise(error)) => println!("driver: catches {error}"),
        step => println!("driver: gets {step:?}"),
    }
}

// Prints:
//
// driver: primes, and gets Err(Yield(None))
// driver: sends Ok(Some(18.0))
// driver: gets Err(Yield(Some(18.0)))
// driver: sends Ok(Some(22.0))
// driver: gets Err(Yield(Some(20.0)))
// driver: sends Ok(None)
//   outer: saturday is Some(20.0)
// driver: gets Err(Yield(None))
// driver: sends Ok(Some(9.0))
// driver: gets Err(Yield(Some(9.0)))
// driver: sends Err("no signal")
//     inner: caught, this reading is left out
// driver: gets Err(Yield(Some(9.0)))
// driver: sends Ok(None)
// driver: gets Ok((Some(20.0), Some(9.0)))
// driver: primes, and gets Err(Yield(None))
// driver: throws a problem that nobody catches
// driver: catches out of order
