//! The executor and the reactor keep their promises.
#![cfg(not(model_check))]

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crawl::{Limits, Outcome, Target, Url};
use stage_08_async_await::{Executor, Reactor, by_hand, crawl, fetch};

/// Runs one future to its end.
fn run<T>(reactor: &Reactor, future: impl Future<Output = T>) -> T {
    let mut output = None;
    let executor = Executor::new(reactor).unwrap();
    executor
        .run(std::iter::once(future), 1, &mut |value| output = Some(value))
        .unwrap();
    output.expect("it ran to its end")
}

fn reactor() -> Reactor {
    Reactor::new(&Limits::default()).unwrap()
}

fn target(address: SocketAddr) -> Target {
    Target::new(Url::parse(&format!("http://{address}/")).unwrap(), address)
}

/// A connection: our end, and the other end.
fn connected() -> (socket2::Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = selectors::socket(listener.local_addr().unwrap()).unwrap();
    let _in_progress =
        socket.connect(&listener.local_addr().unwrap().into());
    (socket, listener.accept().unwrap().0)
}

#[test]
fn a_waker_works_from_any_thread() {
    let (sender, wakers) = mpsc::channel::<Waker>();
    let helper = thread::spawn(move || {
        let waker = wakers.recv().unwrap();
        // By then the executor is asleep.
        thread::sleep(Duration::from_millis(30));
        waker.wake_by_ref();
        waker
    });
    let polls = Cell::new(0);
    let waits = poll_fn(|context| {
        polls.set(polls.get() + 1);
        if polls.get() > 1 {
            return Poll::Ready(());
        }
        sender.send(context.waker().clone()).unwrap();
        Poll::Pending
    });
    run(&reactor(), waits);
    assert_eq!(polls.get(), 2);
    helper.join().unwrap().wake(); // long after its task: nothing happens
}

#[test]
fn each_wake_polls_one_task_once() {
    let reactor = reactor();
    let polls = [const { Cell::new(0) }; 3];
    let wakers = std::cell::RefCell::new(Vec::new());
    let task = |number: usize| {
        let (polls, wakers) = (&polls, &wakers);
        poll_fn(move |context| {
            polls[number].set(polls[number].get() + 1);
            match (number, polls[number].get()) {
                // The last one to start wakes the first one, twice; then
                // each wakes the next.
                (2, 1) => {
                    wakers.borrow_mut().push(context.waker().clone());
                    let first: &Waker = &wakers.borrow()[0];
                    first.wake_by_ref();
                    first.wake_by_ref();
                    Poll::Pending
                }
                (_, 1) => {
                    wakers.borrow_mut().push(context.waker().clone());
                    Poll::Pending
                }
                (2, 2) => Poll::Ready(()),
                _ => {
                    wakers.borrow()[number + 1].wake_by_ref();
                    Poll::Ready(())
                }
            }
        })
    };
    Executor::new(&reactor)
        .unwrap()
        .run((0..3).map(task), 3, &mut |()| {})
        .unwrap();
    assert_eq!(polls.each_ref().map(Cell::get), [2, 2, 2]);
}

#[test]
fn a_task_that_wakes_itself_does_not_keep_the_others_from_their_sockets() {
    let reactor = reactor();
    let (socket, mut other) = connected();
    let mut socket = reactor.watch(socket, Instant::now());
    let arrived = Cell::new(false);
    let selfish = poll_fn(|context| {
        context.waker().wake_by_ref();
        if arrived.get() { Poll::Ready(()) } else { Poll::Pending }
    });
    let waiting = async {
        socket.readable().await.unwrap();
        arrived.set(true);
    };
    other.write_all(b"x").unwrap();
    let both = async {
        let (mut selfish, mut waiting) =
            (Box::pin(selfish), Box::pin(waiting));
        let mut waiting_is_over = false;
        poll_fn(|context| {
            waiting_is_over = waiting_is_over
                || waiting.as_mut().poll(context).is_ready();
            let selfish_is_over = selfish.as_mut().poll(context).is_ready();
            if waiting_is_over && selfish_is_over {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    };
    run(&reactor, both);
}

#[test]
fn dropping_a_future_leaves_nothing_registered() {
    let reactor = reactor();
    let (socket, mut other) = connected();
    let mut socket = reactor.watch(socket, Instant::now());
    let polls = Cell::new(0);
    let after_a_cancelled_wait = async {
        let mut wait = Box::pin(socket.readable());
        poll_fn(|context| {
            assert!(wait.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(wait);
        other.write_all(b"x").unwrap();
        // The socket is readable, and nobody waits for it any more: only
        // this waker may wake us.
        let (mut waker, mut helper, woken) =
            (None, None, Arc::new(AtomicBool::new(false)));
        poll_fn(|context| {
            polls.set(polls.get() + 1);
            if helper.is_some() {
                assert!(
                    woken.load(Relaxed),
                    "polled again, and not by the one who may"
                );
                return Poll::Ready(());
            }
            waker.get_or_insert_with(|| context.waker().clone());
            let (waker, woken) =
                (waker.clone().unwrap(), Arc::clone(&woken));
            helper = Some(thread::spawn(move || {
                thread::sleep(Duration::from_millis(30));
                woken.store(true, Relaxed);
                waker.wake();
            }));
            Poll::Pending
        })
        .await;
        // And it can be waited for again.
        socket.readable().await.unwrap();
    };
    run(&reactor, after_a_cancelled_wait);
    assert_eq!(polls.get(), 2, "once at the start, once for the wake");
}

#[test]
fn dropping_a_fetch_closes_its_socket() {
    let reactor = reactor();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = target(listener.local_addr().unwrap());
    let mut fetching = Box::pin(fetch(0, &target, &reactor));
    let polled_once = poll_fn(|context| {
        assert!(fetching.as_mut().poll(context).is_pending());
        Poll::Ready(())
    });
    run(&reactor, polled_once);
    drop(fetching);
    let mut received = Vec::new();
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_to_end(&mut received).unwrap();
    assert!(
        received.starts_with(b"GET / HTTP/1.1\r\n"),
        "the request, and then the end"
    );
}

/// Or else a fetch that waits once more would wait for ever.
#[test]
fn after_the_deadline_every_wait_ends_at_once() {
    let deadline = Duration::from_millis(20);
    let reactor =
        Reactor::new(&Limits { deadline, ..Limits::default() }).unwrap();
    let (socket, _other) = connected();
    let begin = Instant::now();
    let mut socket = reactor.watch(socket, begin);
    run(&reactor, async {
        socket.readable().await.unwrap();
        assert!(begin.elapsed() >= deadline, "nothing came before");
        for _ in 0..3 {
            socket.readable().await.unwrap();
            let nothing = socket.receive(&mut [0; 8]).unwrap_err();
            assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
        }
    });
}

/// The hand-written state machine and the compiler's come to the same
/// outcomes, for every fault.
#[test]
fn by_hand_and_by_the_compiler_are_the_same() {
    let config = practice_site::Config {
        delay: Duration::ZERO,
        ..Default::default()
    };
    let site = practice_site::Site::start(config).unwrap();
    let faults: Vec<_> = site.faults().collect();
    let targets: Vec<Target> = faults
        .iter()
        .map(|(_, url)| {
            let url = Url::parse(url).unwrap();
            let address = url.authority().parse().unwrap();
            Target::new(url, address)
        })
        .collect();
    let limits = Limits {
        concurrency: std::num::NonZeroUsize::new(100).unwrap(),
        deadline: Duration::from_secs(3),
        ..Limits::default()
    };

    let words = |outcome: &Outcome| match &outcome.result {
        Ok(page) => format!(
            "{} {} {:?}",
            page.status,
            page.body.len(),
            page.location
        ),
        // How far it comes until the deadline is a matter of chance.
        Err(error) if error.kind == crawl::ErrorKind::Timeout => {
            format!("{} while {:?}", error.kind, error.phase)
        }
        Err(error) => format!("{} after {} bytes", error.kind, error.bytes),
    };
    let mut compiled = vec![String::new(); targets.len()];
    crawl(&targets, &limits, &mut |outcome| {
        compiled[outcome.target] = words(&outcome)
    })
    .unwrap();
    let mut by_hand = vec![String::new(); targets.len()];
    by_hand::crawl(&targets, &limits, &mut |outcome| {
        by_hand[outcome.target] = words(&outcome)
    })
    .unwrap();

    assert!(faults.len() > 40, "the practice site has all its faults");
    for ((fault, _), (one, other)) in
        faults.iter().zip(compiled.iter().zip(&by_hand))
    {
        assert!(!one.is_empty(), "{} has no outcome", fault.name);
        assert_eq!(one, other, "{}", fault.name);
    }
}
