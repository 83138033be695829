//! Threads, sockets and streams: what is not in the loop's hands.
#![cfg(not(model_check))]

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::mpsc::{self, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::*;
use stage_09_asyncio as asyncio;

const LONG: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(20);
const MANY: i32 = if cfg!(miri) { 20 } else { 1000 };

fn loop_in_a_thread() -> (LoopHandle, thread::JoinHandle<()>) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        let event_loop = new_event_loop().unwrap();
        sender.send(event_loop.handle()).unwrap();
        event_loop.run_forever().unwrap();
    });
    (receiver.recv().unwrap(), thread)
}

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

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn what_is_given_up_leaves_nothing_registered() {
    let event_loop = new_event_loop().unwrap();
    let (listener, address) = listener();
    for _ in 0..3 {
        let talk = async {
            let (mut reader, mut writer) =
                open_connection(address).await.unwrap();
            writer.write(b"hello\n").unwrap();
            writer.drain().await.unwrap();
            reader.readline().await.unwrap()
        };
        let talk = event_loop.run_until_complete(timeout(MOMENT, talk));
        assert!(talk.unwrap().is_err());
        let mut line = String::new();
        let (mut client, _) = listener.accept().unwrap();
        client.read_to_string(&mut line).unwrap();
        assert_eq!(line, "hello\n", "and then the end: it is closed");
    }
}

/// More sockets are ready than one turn serves. Before the next turn the
/// others are dropped, and a new one gets the number of one of them.
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_new_socket_is_not_ready_because_an_old_one_was() {
    let (listener, address) = listener();
    let pair = || {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let (other, _) = listener.accept().unwrap();
        (Socket::new(socket.into()).unwrap(), other)
    };
    run(async {
        let (sockets, others): (Vec<_>, Vec<_>) =
            (0..200).map(|_| pair()).unzip();
        let mut readable: Vec<_> =
            sockets.iter().map(|it| Box::pin(it.readable())).collect();
        let mut is_asked = false;
        std::future::poll_fn(|context| {
            if is_asked {
                return Poll::Ready(());
            }
            is_asked = true;
            for socket in &mut readable {
                assert!(socket.as_mut().poll(context).is_pending());
            }
            for mut other in &others {
                other.write_all(b"something").unwrap();
            }
            Poll::Pending
        })
        .await;
        drop(readable);
        drop(sockets);
        let (socket, _other) = pair();
        assert!(timeout(MOMENT, socket.readable()).await.is_err());
    })
    .unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_read_or_drain_that_is_given_up_can_be_asked_again() {
    const SENT: usize = 10 << 20; // more than is taken, if nobody receives
    let (listener, address) = listener();
    let (now, wait) = channel();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        wait.recv().unwrap();
        socket.write_all(b"now").unwrap();
        wait.recv().unwrap();
        socket.read_exact(&mut vec![0; SENT]).unwrap();
    });
    let talk = async {
        let (mut reader, mut writer) = open_connection(address).await?;
        assert!(timeout(MOMENT, reader.read(9)).await.is_err());
        assert!(timeout(MOMENT, reader.readline()).await.is_err());
        now.send(()).unwrap();
        assert_eq!(reader.read(9).await?, b"now");
        writer.write(&vec![0; SENT])?;
        assert!(timeout(MOMENT, writer.drain()).await.is_err());
        now.send(()).unwrap();
        writer.drain().await
    };
    run(talk).unwrap().unwrap();
    server.join().unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn streams_read_lines_and_exact_numbers() {
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(b"one\ntwo\n12345rest").unwrap();
        let mut all = Vec::new();
        socket.read_to_end(&mut all).unwrap();
        all.len()
    });
    let talk = async {
        let (mut reader, mut writer) = open_connection(address).await?;
        assert_eq!(reader.readline().await?, b"one\n");
        assert_eq!(reader.readline().await?, b"two\n");
        assert_eq!(reader.readexactly(5).await?, b"12345");
        // More than the system's buffers hold, while the reader waits.
        let reading = create_task(async move {
            assert_eq!(reader.read(2).await?, b"re");
            assert_eq!(reader.read(100).await?, b"st");
            let early = reader.readexactly(1).await;
            assert!(reader.at_eof());
            early
        });
        writer.write(&vec![0; 10 << 20])?;
        writer.drain().await?;
        writer.write_eof()?;
        let early = reading.await.unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::UnexpectedEof);
        io::Result::Ok(())
    };
    run(talk).unwrap().unwrap();
    assert_eq!(server.join().unwrap(), 10 << 20);
    let refused = run(open_connection(address)).unwrap().err().unwrap();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

/// Who keeps a line does not keep what came with it.
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_line_is_as_long_as_it_is() {
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(&b"0123456789\n".repeat(2000)).unwrap();
    });
    let talk = async {
        let (mut reader, _writer) = open_connection(address).await?;
        let mut lines = Vec::new();
        while !reader.at_eof() {
            lines.push(reader.readline().await?);
        }
        lines.retain(|line| !line.is_empty());
        io::Result::Ok(lines)
    };
    let lines = run(talk).unwrap().unwrap();
    server.join().unwrap();
    assert_eq!(lines.len(), 2000);
    assert!(lines.iter().all(|line| line == b"0123456789\n"));
    let kept: usize = lines.iter().map(Vec::capacity).sum();
    assert!(kept < 200_000, "{kept} bytes");
}

/// The others have their turns, however fast it comes. (CPython receives
/// 256 KiB in a turn.)
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_sender_that_never_pauses_keeps_nobody_from_running() {
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let data = vec![0; 1 << 20];
        while client.write_all(&data).is_ok() {}
    });
    run(async {
        let (mut reader, writer) = open_connection(address).await.unwrap();
        sleep(MOMENT).await; // the buffers of the system are full
        let turns = Rc::new(Cell::new(0));
        let counts = turns.clone();
        let others = create_task(async move {
            loop {
                counts.set(counts.get() + 1);
                sleep(Duration::ZERO).await;
            }
        });
        let (mut most, mut in_a_row, mut turn, mut all) = (0, 0, 0, 0);
        while all < 64 << 20 {
            let bytes = reader.read(usize::MAX).await.unwrap().len();
            if turns.get() != turn {
                (turn, in_a_row) = (turns.get(), 0);
            }
            in_a_row += bytes;
            most = most.max(in_a_row);
            all += bytes;
        }
        assert!(most <= 16 * (64 << 10), "{most} bytes in one turn");
        others.cancel();
        drop((reader, writer));
    })
    .unwrap();
    server.join().unwrap();
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn two_tasks_cannot_wait_for_one_socket() {
    let (_listener, address) = listener();
    run(async {
        let socket = selectors::socket(address).unwrap();
        let _in_progress = socket.connect(&address.into());
        let socket = Socket::new(socket).unwrap();
        let socket = Rc::new(socket);
        let again = socket.clone();
        let first = create_task(async move { again.readable().await });
        sleep(Duration::ZERO).await;
        let error = socket.readable().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert!(!first.done());
    })
    .unwrap();
}
