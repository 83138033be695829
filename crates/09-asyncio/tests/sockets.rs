//! Sockets and streams, with a peer in another thread.
#![cfg(not(model_check))]

use std::cell::{Cell, RefMut};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::*;
use stage_09_asyncio as asyncio;

const MOMENT: Duration = Duration::from_millis(20);

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

/// Each time the writer has to wait again.
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_slow_reader_gets_all_that_is_drained() {
    const PART: usize = 10 << 20; // more than is taken, if nobody receives
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let (mut chunk, mut all) = (vec![0; 1 << 20], 0);
        loop {
            thread::sleep(Duration::from_millis(1));
            match socket.read(&mut chunk).unwrap() {
                0 => return all,
                bytes => all += bytes,
            }
        }
    });
    let talk = async {
        let (_reader, mut writer) = open_connection(address).await?;
        for _ in 0..3 {
            writer.write(&vec![0; PART])?;
            writer.drain().await?;
        }
        writer.write(&vec![0; PART])?;
        writer.close();
        writer.wait_closed().await
    };
    run(talk).unwrap().unwrap();
    assert_eq!(server.join().unwrap(), 4 * PART);
}

/// The rest does not move each time that 64 KiB were read, which would be
/// in one read of 64: fewer than one of 200 take much longer.
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn small_pieces_of_much_that_was_received() {
    const ALL: usize = 16 << 20;
    const PIECE: usize = 1 << 10;
    let (listener, address) = listener();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.write_all(&vec![0; ALL]).unwrap();
        socket // it stays open
    });
    let read = async {
        let (mut reader, _writer) = open_connection(address).await?;
        let mut is_sent = false;
        while !is_sent {
            is_sent = server.is_finished();
            let more = reader.readexactly(ALL + 1);
            assert!(timeout(MOMENT, more).await.is_err());
        }
        let mut times = Vec::new();
        for _ in 0..ALL / PIECE {
            let start = Instant::now();
            reader.readexactly(PIECE).await?;
            times.push(start.elapsed());
        }
        io::Result::Ok(times)
    };
    let mut times = run(read).unwrap().unwrap();
    server.join().unwrap();
    times.sort_unstable();
    // Some clocks do not see less than a microsecond.
    let median = times[times.len() / 2].max(Duration::from_micros(1));
    let long = times[times.len() - times.len() / 200];
    assert!(long < 100 * median, "{median:?}, but one in 200: {long:?}");
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

/// Who has a socket can neither take the loop's receive buffer away, nor
/// what the loop waits for.
#[test]
#[cfg_attr(miri, ignore = "Miri has no one-shot epoll")]
fn a_socket_lends_nothing_that_others_wait_with() {
    fn lends_its_socket(_: &impl Deref<Target = socket2::Socket>) {}

    let (listener, address) = listener();
    run(async {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = Socket::new(socket.into()).unwrap();
        lends_its_socket(&socket);
        let (mut other, _) = listener.accept().unwrap();
        other.write_all(b"something").unwrap();
        socket.readable().await.unwrap();
        let mut chunk: RefMut<'_, [u8]> = socket.chunk();
        let bytes = socket.receive(&mut chunk).unwrap();
        assert_eq!(chunk[..bytes], *b"something");
    })
    .unwrap();
}
