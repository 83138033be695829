use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::mem;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crawl::receive_buffer;
use selectors::{Interest, Kind, Notifier, Selector, Watched};
use slab::Slab;

use crate::get_running_loop;
use crate::running::waits_here;

/// Knows which task waits for which socket, and wakes it.
///
/// Invariant: a waker is there from the asking until the socket is ready
/// or the waiting is given up.
pub(crate) struct Sockets {
    selector: Selector,
    /// By key: who waits.
    waiting: RefCell<Slab<Option<Waker>>>,
    /// Ready, but not served yet.
    ready: RefCell<Vec<usize>>,
    /// One receive buffer for all, not held across an await.
    chunk: RefCell<Vec<u8>>,
}

/// So many sockets are served in one turn, and the others in the next:
/// thousands at once would keep the timers waiting, and take memory for
/// what they all bring.
const MOST_IN_A_TURN: usize = 128;

impl Sockets {
    pub(crate) fn new() -> io::Result<Rc<Sockets>> {
        Ok(Rc::new(Sockets {
            selector: Selector::new(Kind::Best)?,
            waiting: RefCell::default(),
            ready: RefCell::default(),
            chunk: RefCell::new(receive_buffer()),
        }))
    }

    pub(crate) fn notifier(&self) -> io::Result<Notifier> {
        self.selector.notifier()
    }

    /// Waits until a socket is ready, and wakes who waits for it. `false`:
    /// none is.
    #[track_caller]
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
    ) -> io::Result<bool> {
        let mut ready = self.ready.take();
        if ready.is_empty() {
            self.selector.wait(&mut ready, timeout)?;
        }
        let found = !ready.is_empty();
        for key in ready.drain(..MOST_IN_A_TURN.min(ready.len())) {
            // The socket may be gone since the selector has seen it.
            let mut waiting = self.waiting.borrow_mut();
            let waker = waiting.get_mut(key).and_then(Option::take);
            drop(waiting);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.ready.replace(ready);
        Ok(found)
    }

    /// The same without waiting, if there are sockets at all.
    #[track_caller]
    pub(crate) fn look(&self) -> io::Result<()> {
        if !self.waiting.borrow().is_empty() {
            self.wait(Some(Duration::ZERO))?;
        }
        Ok(())
    }

    /// What was ready, and is not served yet, is of no use: the next one
    /// who waits with this key waits for something else.
    fn forget_ready(&self, key: usize) {
        self.ready.borrow_mut().retain(|ready| *ready != key);
    }

    /// Whether some are ready that have not been served.
    pub(crate) fn has_more(&self) -> bool {
        !self.ready.borrow().is_empty()
    }
}

/// A socket that tasks of the running loop can wait for.
///
/// ```
/// use stage_09_asyncio as asyncio;
///
/// # fn main() -> std::io::Result<()> {
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// asyncio::run(async {
///     let socket = selectors::socket(address)?;
///     let _in_progress = socket.connect(&address.into());
///     let socket = asyncio::Socket::new(socket)?;
///     socket.writable().await?; // connected, or failed
///     assert!(socket.take_error()?.is_none());
///     Ok(())
/// })?
/// # }
/// ```
pub struct Socket {
    watched: Watched,
    sockets: Rc<Sockets>,
}

impl Socket {
    /// Takes a non-blocking socket.
    ///
    /// # Errors
    /// No loop runs on this thread.
    pub fn new(socket: socket2::Socket) -> io::Result<Socket> {
        let sockets = Rc::clone(&get_running_loop()?.0.sockets);
        let key = sockets.waiting.borrow_mut().insert(None);
        let watched = sockets.selector.watch(socket, key);
        Ok(Socket { watched, sockets })
    }

    /// Waits until there is something to receive.
    ///
    /// ```no_run
    /// # use stage_09_asyncio as asyncio;
    /// # use std::io;
    /// # async fn receive(socket: &asyncio::Socket) -> io::Result<()> {
    /// socket.readable().await?;
    /// let chunk = &mut *socket.chunk(); // not held across an await
    /// let bytes = socket.receive(chunk)?;
    /// println!("{:?}", &chunk[..bytes]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The system cannot watch the socket, another task waits for it
    /// already, or it belongs to another loop than the one that runs.
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> {
        WaitFor::new(self, Interest::Readable)
    }

    /// Waits until there is room to send, or the connection is made, or
    /// has failed.
    ///
    /// # Errors
    /// Those of [`readable`](Socket::readable).
    pub fn writable(&self) -> impl Future<Output = io::Result<()>> {
        WaitFor::new(self, Interest::Writable)
    }

    /// The receive buffer that all sockets of the loop share.
    ///
    /// # Panics
    /// If somebody holds it: it must not be held across an await.
    pub fn chunk(&self) -> RefMut<'_, [u8]> {
        // No `Vec`, which somebody could take away or make shorter.
        RefMut::map(self.sockets.chunk.borrow_mut(), Vec::as_mut_slice)
    }

    /// Receives what is there, and never waits; 0 bytes are the end. See
    /// [`readable`](Socket::readable) for an example.
    ///
    /// # Errors
    /// `WouldBlock`, when nothing is there yet; or how the connection
    /// ended.
    #[track_caller]
    pub fn receive(&self, chunk: &mut [u8]) -> io::Result<usize> {
        self.watched.receive(chunk)
    }

    /// Registers the interest at the first call, and is ready as soon as
    /// the loop has taken the waker. `is_waiting` is for the caller to
    /// keep from one call to the next.
    #[track_caller]
    pub(crate) fn poll_ready(
        &self,
        interest: Interest,
        is_waiting: &Cell<bool>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let before = self.set_waker(None);
        match (is_waiting.get(), before) {
            (false, None) => {
                if !waits_here(&self.sockets) {
                    return Poll::Ready(Err(other_loop()));
                }
                self.watched.wait_for(interest)?;
                is_waiting.set(true);
            }
            (false, other) => {
                self.set_waker(other);
                return Poll::Ready(Err(already_waiting()));
            }
            (true, None) => {
                // Somebody took the waker, and woke us with it.
                is_waiting.set(false);
                return Poll::Ready(Ok(()));
            }
            (true, Some(_)) => {} // woken for nothing
        }
        self.set_waker(Some(context.waker().clone()));
        Poll::Pending
    }

    /// Whoever waits gives up, so nothing stays registered.
    pub(crate) fn give_up(&self, is_waiting: &Cell<bool>) {
        if is_waiting.take() && self.set_waker(None).is_some() {
            self.watched.stop_waiting();
            self.sockets.forget_ready(self.watched.key());
        }
    }

    /// Ends the waiting of whoever waits for it, as if it were ready.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.set_waker(None) {
            self.watched.stop_waiting();
            waker.wake();
        }
    }

    fn set_waker(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut waiting = self.sockets.waiting.borrow_mut();
        mem::replace(&mut waiting[self.watched.key()], waker)
    }
}

impl Deref for Socket {
    type Target = socket2::Socket;

    // Not the `Watched`, with which somebody could take back the interest
    // of a task that waits.
    fn deref(&self) -> &socket2::Socket {
        &self.watched
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let key = self.watched.key();
        self.sockets.forget_ready(key);
        let waker = self.sockets.waiting.borrow_mut().remove(key);
        drop(waker); // it may run code of its own: nothing is borrowed
    }
}

/// What `readable` and `writable` return.
struct WaitFor<'a> {
    socket: &'a Socket,
    interest: Interest,
    is_waiting: Cell<bool>,
}

impl<'a> WaitFor<'a> {
    fn new(socket: &'a Socket, interest: Interest) -> WaitFor<'a> {
        WaitFor { socket, interest, is_waiting: Cell::new(false) }
    }
}

impl Future for WaitFor<'_> {
    type Output = io::Result<()>;

    #[track_caller]
    fn poll(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let WaitFor { socket, interest, is_waiting } = &*self;
        socket.poll_ready(*interest, is_waiting, context)
    }
}

fn other_loop() -> io::Error {
    io::Error::other("RuntimeError: the socket belongs to another loop")
}

fn already_waiting() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "RuntimeError: another coroutine is already waiting for this \
         socket",
    )
}

impl Drop for WaitFor<'_> {
    fn drop(&mut self) {
        self.socket.give_up(&self.is_waiting);
    }
}
