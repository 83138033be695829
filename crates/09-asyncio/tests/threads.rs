//! Threads: what is not in the loop's hands.
#![cfg(not(model_check))]

mod thread_loop;

use std::sync::mpsc::{self, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::*;
use stage_09_asyncio as asyncio;
use thread_loop::loop_in_a_thread;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(20);
const MANY: i32 = if cfg!(miri) { 20 } else { 1000 };

#[test]
fn call_soon_threadsafe() {
    let (event_loop, thread) = loop_in_a_thread();
    thread::sleep(MOMENT); // it sleeps
    let (call, called) = channel();
    event_loop.call_soon_threadsafe(move || call.send(()).unwrap());
    called.recv_timeout(Duration::from_secs(5)).expect("it is woken");
    event_loop.stop();
    thread.join().unwrap();
    // The loop is gone: the function is dropped.
    let kept = Arc::new(());
    let mine = kept.clone();
    let handle = event_loop.call_soon_threadsafe(move || drop(mine));
    assert_eq!(Arc::strong_count(&kept), 1);
    assert!(!handle.cancel());
}

#[test]
fn a_call_is_made_or_cancelled_never_both() {
    let (event_loop, thread) = loop_in_a_thread();
    let made = Arc::new(Mutex::new(0));
    let mut cancelled = 0;
    for _ in 0..MANY {
        let made = made.clone();
        let call = move || *made.lock().unwrap() += 1;
        let handle = event_loop.call_soon_threadsafe(call);
        cancelled += i32::from(handle.cancel());
        assert!(!handle.cancel(), "once only");
    }
    event_loop.stop();
    thread.join().unwrap();
    assert_eq!(*made.lock().unwrap() + cancelled, MANY);
}

#[test]
fn a_waker_may_be_called_from_any_thread_at_any_time() {
    let event_loop = new_event_loop().unwrap();
    let (send, receive) = mpsc::channel::<Waker>();
    let helper = thread::spawn(move || {
        let waker = receive.recv().unwrap();
        for _ in 0..MANY {
            waker.wake_by_ref();
        }
        waker
    });
    let mut send = Some(send);
    let end = Instant::now() + MOMENT;
    let spin = std::future::poll_fn(|context| {
        if let Some(send) = send.take() {
            send.send(context.waker().clone()).unwrap();
        }
        context.waker().wake_by_ref();
        let is_over = Instant::now() > end;
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    });
    event_loop.run_until_complete(spin).unwrap();
    let waker = helper.join().unwrap();
    drop(event_loop);
    waker.wake(); // the loop is gone: nothing happens
}

/// Of many later loops one has the number of this one.
#[test]
fn a_waker_whose_loop_is_gone_harms_no_other_loop() {
    let waker = async |_| {
        std::future::poll_fn(|context| Poll::Ready(context.waker().clone()))
            .await
    };
    let tasks: Vec<_> = (0..10).map(waker).collect();
    let wakers = run(async { gather(tasks).await }).unwrap();
    let loops = [(); 20].map(|()| new_event_loop().unwrap());
    for event_loop in loops.each_ref() {
        let result = event_loop.run_until_complete(async {
            wakers.iter().for_each(Waker::wake_by_ref);
            sleep(Duration::from_millis(1)).await;
            "it goes on"
        });
        assert_eq!(result.unwrap(), "it goes on");
    }
    wakers.into_iter().for_each(Waker::wake);
}

#[test]
fn two_loops_in_two_threads_ask_each_other() {
    let (one, first) = loop_in_a_thread();
    let (other, second) = loop_in_a_thread();
    let there = other.clone();
    let question = move || async move {
        let asked = run_coroutine_threadsafe(|| async { 41 }, &there);
        to_thread(move || asked.result(None).unwrap()).await + 1
    };
    let answer = run_coroutine_threadsafe(question, &one);
    assert_eq!(answer.result(None).unwrap(), 42);
    assert!(answer.done());
    assert!(matches!(answer.result(None), Err(Error::Taken)));
    one.stop();
    other.stop();
    first.join().unwrap();
    second.join().unwrap();
}

#[test]
fn run_coroutine_threadsafe_task_cancelled() {
    let (event_loop, thread) = loop_in_a_thread();
    let hangs = run_coroutine_threadsafe(|| sleep(LONG), &event_loop);
    let early = hangs.result(Some(MOMENT));
    assert!(matches!(early, Err(Error::Timeout)));
    hangs.cancel();
    assert!(matches!(hangs.result(None), Err(Error::Cancelled)));

    let panics = || async { panic!("over there") };
    let failed = run_coroutine_threadsafe::<_>(panics, &event_loop);
    let failed: Result<(), _> = failed.result(None);
    assert_eq!(failed.unwrap_err().to_string(), "over there");

    let lost = run_coroutine_threadsafe(|| sleep(LONG), &event_loop);
    event_loop.stop();
    thread.join().unwrap();
    assert!(matches!(lost.result(None), Err(Error::Stopped)));
    let late = run_coroutine_threadsafe(|| async {}, &event_loop);
    assert!(matches!(late.result(None), Err(Error::Stopped)));
    late.cancel();
}

/// What makes the coroutine panics. Whoever waits hears of it, and the
/// loop reports it and goes on, as Python's does with an error there.
#[test]
fn run_coroutine_threadsafe_task_factory_exception() {
    let (event_loop, thread) = loop_in_a_thread();
    let (says, said) = channel();
    event_loop.call_soon_threadsafe(move || {
        let event_loop = get_running_loop().unwrap();
        event_loop.set_exception_handler(move |report| {
            says.send(report.to_owned()).unwrap();
        });
    });
    let make = || -> Sleep { panic!("no coroutine") };
    let future = run_coroutine_threadsafe(make, &event_loop);
    let error = future.result(None).unwrap_err();
    assert!(matches!(&error, Error::Exception(it) if it == "no coroutine"));
    let report = said.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(report.starts_with("Exception in callback"), "{report}");
    let next = run_coroutine_threadsafe(|| async { 42 }, &event_loop);
    assert_eq!(next.result(None).unwrap(), 42);
    event_loop.stop();
    thread.join().unwrap();
}

/// The loop is not there yet to make the task: the call is taken back.
#[test]
fn run_coroutine_threadsafe_cancelled_before_it_is_made() {
    let event_loop = new_event_loop().unwrap();
    let never = || async { unreachable!("it is cancelled") };
    let future = run_coroutine_threadsafe(never, &event_loop.handle());
    let future: ConcurrentFuture<()> = future;
    future.cancel();
    assert!(matches!(future.result(None), Err(Error::Cancelled)));
    event_loop.run_until_complete(sleep(Duration::ZERO)).unwrap();
}

#[test]
fn to_thread_exception() {
    let call = || -> i32 { panic!("in a thread") };
    let run = || run(to_thread(call)).unwrap();
    let panic = std::panic::catch_unwind(run).unwrap_err();
    assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "in a thread");
}

#[test]
fn a_pool_has_no_more_threads_than_it_may() {
    run(async {
        let pool = ThreadPoolExecutor::new(2);
        let names = (0..20).map(|_| {
            let call = || {
                thread::sleep(Duration::from_millis(1));
                thread::current().id()
            };
            pool.submit(call)
        });
        let mut names = gather(names.collect::<Vec<_>>()).await;
        names.sort_by_key(|name| format!("{name:?}"));
        names.dedup();
        assert!(names.len() <= 2, "{names:?}");
    })
    .unwrap();
}
