//! Async code needs locks too: where a change spans an await.
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Lock, gather, sleep};
use stage_09_asyncio as asyncio;

struct Account {
    balance: Cell<u32>,
    lock: Lock,
}

impl Account {
    fn new() -> Rc<Account> {
        Rc::new(Account { balance: Cell::new(0), lock: Lock::new() })
    }
}

async fn pay_in(account: Rc<Account>) {
    let before = account.balance.get();
    sleep(Duration::ZERO).await; // asks somebody
    account.balance.set(before + 1);
}

async fn pay_in_locked(account: Rc<Account>) {
    let _guard = account.lock.acquire().await;
    pay_in(account.clone()).await;
}

async fn main_coroutine() {
    let account = Account::new();
    gather([(); 100].map(|()| pay_in(account.clone()))).await;
    let balance = account.balance.get();
    println!("100 payments, without a lock: {balance}");
    let account = Account::new();
    gather([(); 100].map(|()| pay_in_locked(account.clone()))).await;
    let balance = account.balance.get();
    println!("100 payments, with a lock: {balance}");
}

fn main() -> Result<(), asyncio::Error> {
    asyncio::run(main_coroutine())
}

// Prints:
// 100 payments, without a lock: 1
// 100 payments, with a lock: 100
