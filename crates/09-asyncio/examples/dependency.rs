//! One task needs the result of another: it awaits it.
use std::time::Duration;

use asyncio::Task;
use stage_09_asyncio as asyncio;

async fn price() -> i32 {
    println!("asks for the price");
    asyncio::sleep(Duration::from_millis(200)).await;
    20
}

async fn total(price: Task<i32>, pieces: i32) -> i32 {
    println!("waits for the price");
    (&price).await * pieces
}

async fn main_coroutine() {
    let asks = asyncio::create_task(price());
    let counts = asyncio::create_task(total(asks.clone(), 3));
    println!("total: {}", counts.await);
    // The price is still there: `&price` was lent, not given away.
    println!("price: {}", asks.await);
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// asks for the price
// waits for the price
// total: 60
// price: 20
