//! Ten threads add one to a plain number.

use std::thread;

fn main() {
    let mut counter = 0;
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| counter += 1);
        }
    });
    println!("10 threads added 1: {counter}");
}
