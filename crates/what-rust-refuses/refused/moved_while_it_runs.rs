//! A fetch is moved to another place after it has begun.

use std::pin::pin;
use std::task::{Context, Waker};

use crawl::Target;
use stage_08_async_await::{Reactor, fetch};

fn begin_and_move(target: &Target, reactor: &Reactor) {
    let mut context = Context::from_waker(Waker::noop());
    let mut begun = pin!(fetch(0, target, reactor));
    let _ = begun.as_mut().poll(&mut context);
    let moved = vec![*begun]; // to another place
    drop(moved);
}

fn main() {}
