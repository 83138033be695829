//! Ten threads count to 100,000 together, without a lock and with one.
//!
//! Run it with `cargo run -p stage-03-thread-pool --example lost_update`.

use stage_03_thread_pool::counter::{count_with_lock, count_without_lock};

fn main() {
    let without = count_without_lock(10, 10_000);
    let with = count_with_lock(10, 10_000);
    println!(
        "without a lock: {without:>7}   {} updates lost",
        100_000 - without
    );
    println!("with a lock:    {with:>7}   {} updates lost", 100_000 - with);
}
