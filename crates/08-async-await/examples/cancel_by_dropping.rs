//! To cancel a future is to drop it. Nothing of it runs any more, at
//! whichever `.await` it is suspended; what it holds is dropped as well.
//!
//! The server here answers in three parts, so a fetch waits three times. It
//! is dropped at its first wait, then another one at its second, and so on.
//! Each time the server sees the connection end, at once: the socket was
//! one of the variables. (Python throws a `CancelledError` in at the
//! `await`, and the function can catch it, clean up with more awaits, or
//! refuse. Here it cannot: `Drop` runs, and `Drop` cannot await.)
//!
//! Run it with `cargo run -p stage-08-async-await --example
//! cancel_by_dropping`.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;

use crawl::{Limits, Outcome, Target, Url};
use stage_08_async_await::{Executor, Reactor, fetch};

const PARTS: [&str; 3] =
    ["HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n\r\n", "hello"];

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (next_part, asked) = mpsc::channel();
    let (answer, how) = mpsc::channel();
    let server = thread::spawn(move || serve(&listener, &asked, &answer));

    for dropped_at in 1..=4 {
        println!("a fetch that is to be dropped at wait {dropped_at}");
        match fetch_until(dropped_at, address, &next_part)? {
            None => println!("  dropped"),
            Some(outcome) => {
                let page = outcome.result.expect("the page");
                println!("  it has ended: status {}", page.status);
            }
        }
        next_part.send(Ask::HowItEnded).expect("the server listens");
        println!("  server: {}", how.recv().expect("the server answers"));
    }
    drop(next_part);
    server.join().expect("the server does not panic")
}

/// Polls a fetch until it has had to wait that many times, and drops it.
fn fetch_until(
    dropped_at: u32,
    address: SocketAddr,
    next_part: &mpsc::Sender<Ask>,
) -> io::Result<Option<Outcome>> {
    let reactor = Reactor::new(&Limits::default())?;
    let url = Url::parse(&format!("http://{address}/")).expect("a URL");
    let target = Target::new(url, address);
    let cancelled = async {
        let mut fetch = pin!(fetch(0, &target, &reactor));
        let mut waits = 0;
        poll_fn(|context| {
            if let Poll::Ready(outcome) = fetch.as_mut().poll(context) {
                return Poll::Ready(Some(outcome));
            }
            waits += 1;
            if waits == dropped_at {
                return Poll::Ready(None);
            }
            println!("  wait {waits}, which ends with the next part");
            next_part.send(Ask::Part).expect("the server listens");
            Poll::Pending
        })
        .await
    }; // the fetch is dropped here
    let mut answer = None;
    let executor = Executor::new(&reactor)?;
    executor.run([cancelled].into_iter(), 1, &mut |it| answer = it)?;
    Ok(answer)
}

enum Ask {
    Part,
    HowItEnded,
}

/// Answers one connection after another, a part whenever it is asked for.
fn serve(
    listener: &TcpListener,
    asked: &mpsc::Receiver<Ask>,
    answer: &mpsc::Sender<&'static str>,
) -> io::Result<()> {
    for _ in 1..=4 {
        let (mut connection, _) = listener.accept()?;
        let mut request = [0; 1000];
        let _ = connection.read(&mut request)?;
        let mut parts = PARTS.iter();
        while let Ok(Ask::Part) = asked.recv() {
            let part = parts.next().expect("three waits, three parts");
            connection.write_all(part.as_bytes())?;
        }
        let end = connection.read(&mut request)?;
        assert_eq!(end, 0, "the client sends nothing more");
        answer.send("the connection has ended").expect("main listens");
    }
    Ok(())
}

// Prints:
//
// a fetch that is to be dropped at wait 1
//   dropped
//   server: the connection has ended
// a fetch that is to be dropped at wait 2
//   wait 1, which ends with the next part
//   dropped
//   server: the connection has ended
// a fetch that is to be dropped at wait 3
//   wait 1, which ends with the next part
//   wait 2, which ends with the next part
//   dropped
//   server: the connection has ended
// a fetch that is to be dropped at wait 4
//   wait 1, which ends with the next part
//   wait 2, which ends with the next part
//   wait 3, which ends with the next part
//   it has ended: status 200
//   server: the connection has ended
