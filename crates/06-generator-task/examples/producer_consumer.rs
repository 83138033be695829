//! The generator alone: two functions take turns, and values travel both
//! ways.
//!
//! The producer is an ordinary function; the consumer is a generator that
//! keeps its place, and its count, between two baskets. No lock and no
//! queue: only one of them runs at a time.
//!
//! Run it with `cargo run -p stage-06-generator-task --example
//! producer_consumer`.

use stage_06_generator_task::{Generator, Stackful, Yield, Yielder};

fn main() -> std::io::Result<()> {
    let consumer =
        Stackful::new(|yielder: &Yielder<Option<u32>, u32>, _| {
            let mut eaten = 0;
            // Python: while (apples := yield eaten) is not None
            while let Some(apples) = yielder.suspend(eaten) {
                eaten += apples;
                println!("  consumer: {apples} arrived, {eaten} in all");
            }
            Ok(format!("ate {eaten}"))
        })?;
    produce(consumer);
    Ok(())
}

fn produce<Consumer>(mut consumer: Consumer)
where
    Consumer: Generator<Option<u32>, Yielded = u32, Returned = String>,
{
    // Up to its first yield: a function that has not begun cannot take in a
    // value.
    let mut step = consumer.resume(None);
    for apples in 1..=3 {
        println!("producer: sends {apples}");
        step = consumer.resume(Some(apples));
        if let Err(Yield(eaten)) = step {
            println!("producer: is told that {eaten} are eaten");
        }
    }
    println!("producer: has no more (the last answer was {step:?})");
    if let Ok(summary) = consumer.resume(None) {
        println!("producer: the consumer {summary}");
    }
}

// Prints:
//
// producer: sends 1
//   consumer: 1 arrived, 1 in all
// producer: is told that 1 are eaten
// producer: sends 2
//   consumer: 2 arrived, 3 in all
// producer: is told that 3 are eaten
// producer: sends 3
//   consumer: 3 arrived, 6 in all
// producer: is told that 6 are eaten
// producer: has no more (the last answer was Err(Yield(6)))
// producer: the consumer ate 6
