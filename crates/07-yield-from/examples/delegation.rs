//! The two-way channel of `yield from`: values both ways, errors inward, the return value out.
//!
//! The driver talks to the outer generator only. What it sends arrives at the inner one; what the
//! inner one yields arrives at the driver; the outer one sees nothing of it until the inner one
//! returns.
//!
//! Run it with `cargo run -p stage-07-yield-from --example delegation`.

use stage_07_yield_from::{Step, Stop};

/// What is sent in: a reading, `None` for "that was the last one", or an error to be raised inside.
type Sent = Result<Option<f64>, &'static str>;

/// What one step of these generators is: they yield a running average, and do not fail.
type Averaging<T> = Step<T, f64, &'static str>;

/// The inner generator: the average of the readings, once there are no more.
#[derive(Default)]
struct Average {
    sum: f64,
    count: u32,
}

impl Average {
    fn resume(&mut self, sent: Sent) -> Averaging<f64> {
        match sent {
            Ok(Some(reading)) => {
                self.sum += reading;
                self.count += 1;
                Err(Stop::Yield(self.average()))
            }
            Ok(None) => Ok(self.average()),
            Err("no signal") => {
                println!("    inner: caught, this reading is left out");
                Err(Stop::Yield(self.average()))
            }
            Err(error) => Err(Stop::Raise(error)),
        }
    }

    fn average(&self) -> f64 {
        self.sum / f64::from(self.count)
    }
}

/// The outer generator: the averages of two days.
///
/// ```text
/// def week_end():
///     saturday = yield from average()
///     sunday = yield from average()
///     return saturday, sunday
/// ```
#[derive(Default)]
struct Weekend {
    inner: Average,
    saturday: Option<f64>,
}

impl Weekend {
    fn resume(&mut self, sent: Sent) -> Averaging<(f64, f64)> {
        let average = self.inner.resume(sent)?; // yield from
        match self.saturday {
            None => {
                println!("  outer: saturday is {average}");
                self.saturday = Some(average);
                self.inner = Average::default();
                Err(Stop::Yield(0.0))
            }
            Some(saturday) => Ok((saturday, average)),
        }
    }
}

fn main() {
    let mut weekend = Weekend::default();
    let readings =
        [Ok(Some(18.0)), Ok(Some(22.0)), Ok(None), Ok(Some(9.0)), Err("no signal"), Ok(None)];
    for sent in readings {
        println!("driver: sends {sent:?}");
        println!("driver: gets {:?}", weekend.resume(sent));
    }

    println!("driver: throws a problem that nobody catches");
    println!("driver: gets {:?}", Weekend::default().resume(Err("out of order")));
}
