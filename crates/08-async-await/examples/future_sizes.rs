//! How large is the future of one fetch, as the compiler writes it and
//! written by hand?
//!
//! Run it with `cargo run -p stage-08-async-await --example future_sizes`.

use crawl::{Limits, Target, Url};
use stage_08_async_await::{Reactor, by_hand, fetch};

fn main() -> std::io::Result<()> {
    let reactor = Reactor::new(&Limits::default())?;
    let url = Url::parse("http://127.0.0.1:8000/1").expect("this is a URL");
    let target = Target::new(url, ([127, 0, 0, 1], 8000).into());

    println!(
        "fetch, as the compiler writes it: {} bytes",
        size_of_val(&fetch(0, &target, &reactor))
    );
    println!(
        "fetch, by hand:                   {} bytes",
        size_of::<by_hand::Fetch<'_>>()
    );
    println!(
        "of these, the exchange:           {} bytes",
        size_of::<crawl::Exchange>()
    );
    Ok(())
}
