//! How large is the future of one fetch, as the compiler writes it and
//! written by hand? And why is the compiler's nearly twice as large?
//!
//! The compiler's futures nest, and each keeps its arguments twice: once as
//! they came in, for until it is first polled, and once as the variables of
//! the function. `fetch` holds `download`, which holds `send` or `receive`,
//! which holds the wait for the socket: so each level adds its arguments,
//! and the number that says where it is suspended. By hand all of it is one
//! level, and nothing is kept twice.
//!
//! Run it with `cargo run -p stage-08-async-await --example future_sizes`.

use crawl::{Limits, Target, Url};
use stage_08_async_await::{Reactor, by_hand, fetch};

/// Two arguments of 8 bytes, which the function hands on.
async fn inner(a: &u64, b: &u64) -> u64 {
    std::future::ready(()).await;
    a + b
}

async fn outer(a: &u64, b: &u64) -> u64 {
    inner(a, b).await
}

fn main() -> std::io::Result<()> {
    let reactor = Reactor::new(&Limits::default())?;
    let url = Url::parse("http://127.0.0.1:8000/1").expect("a URL");
    let target = Target::new(url, ([127, 0, 0, 1], 8000).into());
    let of_compiler = size_of_val(&fetch(0, &target, &reactor));

    println!("fetch, as the compiler writes it: {of_compiler:3} bytes");
    println!(
        "fetch, by hand: {:21} bytes",
        size_of::<by_hand::Fetch<'_>>()
    );
    println!(
        "the exchange in both: {:15} bytes",
        size_of::<crawl::Exchange>()
    );
    println!();
    println!("two references: {:21} bytes", size_of::<(&u64, &u64)>());
    println!(
        "inner, which takes them: {:12} bytes",
        size_of_val(&inner(&1, &2))
    );
    println!(
        "outer, which hands them on: {:9} bytes",
        size_of_val(&outer(&1, &2))
    );
    Ok(())
}
