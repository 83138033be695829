//! Wake, then ask again: a future made by hand, and a thread that wakes it.
//!
//! The words of the two languages cross here. What Python calls a
//! *coroutine* is what Rust calls a `Future`. What Python calls a *Future*,
//! a place for a result that arrives later, is nearer to a oneshot channel:
//! `Letter` below. `add_done_callback(step)` has become `waker.clone()`,
//! left where the result will arrive. And where a Python Task *sends* the
//! result in, a wake brings nothing: it only says "ask again", and the
//! future looks for itself.
//!
//! Run it with `cargo run -p stage-08-async-await --example wake_then_ask`.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::task::{Context, Poll, Waker};
use std::thread;

use crawl::Limits;
use stage_08_async_await::{Executor, Reactor};

/// Waits for a letter. It never blocks: every poll is one look into the
/// letter box.
struct Letter {
    letter_box: Receiver<&'static str>,
    /// Where the postman finds out whom to wake.
    waker: Sender<Waker>,
}

impl Future for Letter {
    type Output = &'static str;

    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<&'static str> {
        match self.letter_box.try_recv() {
            Ok(letter) => {
                println!("poll: there it is");
                Poll::Ready(letter)
            }
            Err(TryRecvError::Empty) => {
                println!("poll: nothing there yet");
                let _ = self.waker.send(context.waker().clone());
                Poll::Pending
            }
            Err(TryRecvError::Disconnected) => {
                panic!("the postman went home")
            }
        }
    }
}

fn main() -> std::io::Result<()> {
    let (post, letter_box) = channel();
    let (waker, door) = channel::<Waker>();

    let postman = thread::spawn(move || {
        let somebody = "somebody waits for a letter";
        let waker = door.recv().expect(somebody);
        println!("postman: rings, by mistake");
        waker.wake();
        let waker = door.recv().expect(somebody);
        println!("postman: brings a letter and rings, twice");
        post.send("hello").expect(somebody);
        waker.wake_by_ref();
        waker.wake();
    });

    let reactor = Reactor::new(&Limits::default())?;
    let wait = async {
        let letter = Letter { letter_box, waker }.await;
        println!("the letter says {letter}");
    };
    Executor::new(&reactor)?.run([wait].into_iter(), 1, &mut |()| {})?;
    postman.join().expect("the postman does not panic");
    Ok(())
}

// Prints:
//
// poll: nothing there yet
// postman: rings, by mistake
// poll: nothing there yet
// postman: brings a letter and rings, twice
// poll: there it is
// the letter says hello
