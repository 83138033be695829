//! Runs the stages.
fn main() {}
