//! Each example prints what its chapter says it prints.
#![cfg(not(model_check))]

#[path = "../../06-generator-task/tests/example/mod.rs"]
mod example;

use example::{check, run};

#[test]
fn wake_then_ask() {
    check(
        "wake_then_ask",
        "
poll: nothing there yet
postman: rings, by mistake
poll: nothing there yet
postman: brings a letter and rings, twice
poll: there it is
the letter says hello",
    );
}

#[test]
fn future_sizes() {
    let printed = run("future_sizes");
    assert_eq!(printed.lines().count(), 3, "{printed}");
}
