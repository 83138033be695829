//! Hello, one second, world: and nothing before a loop runs it.
use std::time::Duration;

use stage_09_asyncio as asyncio;

async fn hello() {
    println!("hello");
    asyncio::sleep(Duration::from_secs(1)).await;
    println!("world");
}

fn main() -> Result<(), asyncio::Error> {
    let coroutine = hello();
    println!("made, and nothing has run");
    asyncio::run(coroutine)
}

// Prints:
// made, and nothing has run
// hello
// world
