//! Which loop? `get_event_loop()` without one is often copied, and today
//! an error: make a loop, or let `run` make it.
use asyncio::{Error, EventLoop, new_event_loop};
use stage_09_asyncio as asyncio;

async fn which() -> Result<EventLoop, Error> {
    asyncio::get_running_loop()
}

fn python(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

fn main() -> Result<(), Error> {
    if asyncio::get_event_loop().is_err() {
        println!("there is no current loop, and none is made");
    }

    let (event_loop, other) = (new_event_loop()?, new_event_loop()?);
    asyncio::set_event_loop(Some(&event_loop));
    let set = asyncio::get_event_loop()?.is(&event_loop);
    println!("set: {}", python(set));
    let runs = event_loop.run_until_complete(which())??.is(&event_loop);
    println!("runs: {}", python(runs));
    let runs = other.run_until_complete(which())??.is(&other);
    println!("runs: {}", python(runs));

    let stops = event_loop.clone();
    event_loop.call_soon(move || stops.stop());
    event_loop.run_forever()?;
    let runs = event_loop.run_until_complete(which())??.is(&event_loop);
    println!("stopped, and can run again: {}", python(runs));
    Ok(()) // the loops are closed here, when they are dropped
}

// Prints:
// there is no current loop, and none is made
// set: True
// runs: True
// runs: True
// stopped, and can run again: True
