//! What differs from Python, as the second table of `behaviors.md` says.
#![cfg(not(model_check))]

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(5);

/// Lines, in the order in which they were said.
#[derive(Clone, Default)]
struct Said(Rc<RefCell<Vec<String>>>);

impl Said {
    fn say(&self, what: impl Display) {
        self.0.borrow_mut().push(what.to_string());
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// Says its name when it is dropped.
struct Guard(Said, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.say(self.1);
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

async fn sleeps(said: Said, name: &'static str) {
    let _guard = Guard(said, name);
    sleep(LONG).await;
}

#[test]
fn timers_for_the_same_instant_come_in_the_order_of_making() {
    let event_loop = new_event_loop().unwrap();
    event_loop.use_virtual_time();
    let said = Said::default();
    let when = event_loop.time() + LONG;
    for name in NAMES {
        let says = said.clone();
        event_loop.call_at(when, move || says.say(name));
    }
    event_loop.run_until_complete(sleep(2 * LONG)).unwrap();
    assert_eq!(said.take(), NAMES);
}

#[test]
fn a_group_and_the_end_of_run_cancel_in_the_order_of_making() {
    let said = Said::default();
    let says = said.clone();
    run(async {
        let group = task_group::<(), _>(async |group| {
            for name in NAMES {
                let sleeps = sleeps(says.clone(), name);
                group.create_task(async {
                    sleeps.await;
                    Ok(())
                });
            }
            sleep(MOMENT).await;
            Err("the body fails")
        });
        assert!(group.await.is_err());
        assert_eq!(says.take(), NAMES, "the group");
        for name in NAMES {
            create_task(sleeps(says.clone(), name));
        }
        sleep(MOMENT).await;
    })
    .unwrap();
    assert_eq!(said.take(), NAMES, "the end of `run`");
}

#[test]
fn what_is_done_comes_in_the_order_given() {
    run(async {
        let tasks = NAMES.map(|name| create_task(async move { name }));
        sleep(MOMENT).await;
        let mut all = as_completed(tasks.clone());
        let mut names = Vec::new();
        while let Some(name) = all.next().await {
            names.push(name);
        }
        assert_eq!(names, NAMES);
        let tasks = NAMES.map(|name| create_task(async move { name }));
        let (done, _) = wait(tasks).await;
        let names = done.iter().map(|it| it.result().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), NAMES);
    })
    .unwrap();
}

#[test]
fn a_task_is_printed_with_the_place_where_it_was_made() {
    run(async {
        let line = line!() + 1;
        let task = create_task(sleep(LONG));
        sleep(Duration::ZERO).await;
        let made = format!("made at {}:{line}:", file!());
        let printed = format!("{task:?}");
        assert!(printed.contains(&made), "{printed}");
    })
    .unwrap();
}

#[test]
fn an_error_that_nobody_sees_is_not_reported() {
    let event_loop = new_event_loop().unwrap();
    let said = Said::default();
    let says = said.clone();
    event_loop.set_exception_handler(move |report| says.say(report));
    let main = async {
        drop(create_task(async { Err::<(), _>("nobody looks") }));
        sleep(MOMENT).await;
    };
    event_loop.run_until_complete(main).unwrap();
    assert!(said.take().is_empty());
}

#[test]
fn a_task_that_nobody_keeps_runs_to_its_end() {
    let said = Said::default();
    let says = said.clone();
    run(async {
        drop(create_task(async move {
            sleep(MOMENT).await;
            says.say("the end");
        }));
        sleep(4 * MOMENT).await;
    })
    .unwrap();
    assert_eq!(said.take(), ["the end"]);
}

#[test]
fn the_error_of_a_task_is_in_its_group_only() {
    run(async {
        let failing = Cell::new(None);
        let group = task_group::<(), _>(async |group| {
            let task = async { Err::<(), _>("an error") };
            failing.set(Some(group.create_task(task)));
            sleep(LONG).await;
            Ok(())
        });
        assert_eq!(group.await.unwrap_err().0, ["an error"]);
        assert!(failing.take().unwrap().cancelled());
    })
    .unwrap();
}

#[test]
fn the_main_coroutine_of_a_stopped_loop_is_dropped() {
    let event_loop = new_event_loop().unwrap();
    let said = Said::default();
    let stops = event_loop.clone();
    event_loop.call_soon(move || stops.stop());
    let main = sleeps(said.clone(), "dropped");
    let stopped = event_loop.run_until_complete(main);
    assert!(matches!(stopped, Err(Error::Stopped)));
    assert_eq!(said.take(), ["dropped"]);
    assert!(event_loop.all_tasks().is_empty());
}

#[test]
fn a_generator_that_is_dropped_awaits_nothing() {
    run(async {
        let said = Said::default();
        let says = said.clone();
        let mut numbers = async_generator(async move |out| {
            let _guard = Guard(says.clone(), "closed");
            out.yield_(1).await;
            sleep(MOMENT).await;
            says.say("awaited");
        });
        assert_eq!(numbers.next().await, Some(1));
        drop(numbers);
        assert_eq!(said.take(), ["closed"]);
        sleep(4 * MOMENT).await;
        assert!(said.take().is_empty());
    })
    .unwrap();
}

/// In Python, the inner one is the task after the outer one.
#[test]
fn a_task_that_the_loop_runs_to_its_end_is_awaited_by_another() {
    let number = |name: String| -> u64 {
        name.strip_prefix("Task-").unwrap().parse().unwrap()
    };
    let event_loop = new_event_loop().unwrap();
    let outer = event_loop
        .create_task(async { create_task(sleep(Duration::ZERO)).name() });
    let name = outer.name();
    let inner = event_loop.run_until_complete(outer).unwrap();
    assert_eq!(number(inner), number(name) + 2);
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn a_timeout_counts_from_its_first_await() {
    run(async {
        let waits = timeout(20 * MOMENT, sleep(Duration::ZERO));
        sleep(30 * MOMENT).await;
        assert!(waits.await.is_ok());
    })
    .unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn write_tells_that_the_connection_is_gone() {
    let (listener, address) = listener();
    run(async {
        let streams = open_connection(address).await.unwrap();
        let (_reader, mut writer) = streams;
        drop(listener); // which resets those that it has not accepted
        for _ in 0..1000 {
            if writer.write(b"hello").is_err() {
                return;
            }
            sleep(MOMENT).await;
        }
        panic!("it was written to nobody");
    })
    .unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn what_came_before_a_reset_can_be_read() {
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        client.write_all(b"one\ntwo\n").unwrap();
        client.peek(&mut [0]).unwrap();
    }); // who closes and has not read all resets the connection
    run(async {
        let streams = open_connection(address).await.unwrap();
        let (mut reader, mut writer) = streams;
        assert_eq!(reader.readline().await.unwrap(), b"one\n");
        writer.write(b"hello").unwrap();
        server.join().unwrap();
        while writer.write(b"hello").is_ok() {
            sleep(MOMENT).await;
        }
        assert_eq!(reader.readline().await.unwrap(), b"two\n");
    })
    .unwrap();
}

/// More than the buffers of the system hold.
const MANY: usize = 10 << 20;

/// A server that reads to the end: how much it was.
fn count(listener: TcpListener) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).unwrap();
        all.len()
    })
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn nothing_is_sent_while_nobody_waits_for_it() {
    let (listener, address) = listener();
    let server = run(async {
        let streams = open_connection(address).await.unwrap();
        let (_reader, mut writer) = streams;
        writer.write(&vec![0; MANY]).unwrap();
        let server = count(listener);
        sleep(40 * MOMENT).await; // Python sends the rest meanwhile
        server
    }) // both sides are dropped
    .unwrap();
    let bytes = server.join().unwrap();
    assert!(0 < bytes && bytes < MANY, "{bytes}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn drain_waits_until_everything_is_sent() {
    let (listener, address) = listener();
    let server = count(listener);
    run(async {
        let streams = open_connection(address).await.unwrap();
        let (_reader, mut writer) = streams;
        writer.write(&vec![0; MANY]).unwrap();
        writer.drain().await.unwrap();
    }) // both sides are dropped
    .unwrap();
    assert_eq!(server.join().unwrap(), MANY);
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn wait_closed_does_not_wait_for_a_close_that_nobody_asked_for() {
    let (_listener, address) = listener();
    run(async {
        let streams = open_connection(address).await.unwrap();
        let (_reader, mut writer) = streams;
        let error = writer.wait_closed().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let closes =
            "wait_closed: the stream is open, so call close() first";
        assert_eq!(error.to_string(), closes);
    })
    .unwrap();
}
