//! The Future alone: a result that will arrive later, and callbacks to run
//! then. No loop, no task.
//!
//! Run it with `cargo run -p stage-06-generator-task --example
//! future_alone`.

use std::rc::Rc;

use stage_06_generator_task::Future;

fn main() {
    let answer = Future::new();
    println!("{answer:?}");
    println!("asked too early: {:?}", answer.result());

    answer.add_done_callback(Rc::new(|answer: &Future<i32>| {
        println!("first callback: {answer:?}")
    }));
    answer.add_done_callback(Rc::new(|answer: &Future<i32>| {
        println!(
            "second callback: {}",
            answer.result().expect("it is done")
        );
    }));
    println!("setting the result");
    answer.set_result(42);

    answer.add_done_callback(Rc::new(|_: &Future<i32>| {
        println!("too late? no: at once")
    }));
}

// Prints:
//
// <Future pending>
// asked too early: Err(NotDone)
// setting the result
// first callback: <Future finished result=42>
// second callback: 42
// too late? no: at once
