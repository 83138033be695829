//! The crawl once more, one level below: sockets instead of streams.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use crawl::{DeadlinePassed, Exchange, Limits};
use crawl::{Outcome, Page, Received, Sent, Target};

use crate::owed::Owed;
use crate::{EventLoop, Queue, Socket, create_task, sleep, timeout};

/// Fetches the targets, and hands each outcome to `done` as it comes:
/// chapter 8's code, with this library's waiting.
///
/// ```
/// use crawl::{Limits, Target, Url};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let nobody_listens = "127.0.0.1:1";
/// let url = Url::parse(&format!("http://{nobody_listens}/page"))?;
/// let target = Target::new(url, nobody_listens.parse()?);
/// let mut outcomes = Vec::new();
/// stage_09_asyncio::crawl_with_sockets(
///     &[target],
///     &Limits::default(),
///     &mut |outcome| outcomes.push(outcome.result),
/// )?;
/// assert_eq!(outcomes.len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the system says when it cannot wait.
///
/// # Panics
/// If a fetch or `done` does, or if `done` cancels a fetch by
/// [`all_tasks`](crate::all_tasks).
pub fn crawl_with_sockets(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    crawl_from(targets.iter().cloned().enumerate(), limits, done)
}

/// The same, for targets that come from an iterator, with their numbers.
/// One is taken whenever there is room for it, so several loops can share a
/// list (chapter 10).
///
/// ```
/// use crawl::{Limits, Target, Url};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let nobody_listens = "127.0.0.1:1";
/// let url = Url::parse(&format!("http://{nobody_listens}/page"))?;
/// let target = Target::new(url, nobody_listens.parse()?);
/// let list = [(7, target.clone()), (9, target)];
/// let mut numbers = Vec::new();
/// stage_09_asyncio::crawl_from(
///     list.into_iter(),
///     &Limits::default(),
///     &mut |outcome| numbers.push(outcome.target),
/// )?;
/// numbers.sort();
/// assert_eq!(numbers, [7, 9]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What the system says when it cannot wait.
///
/// # Panics
/// If a fetch or `done` does, or if `done` cancels a fetch.
pub fn crawl_from(
    list: impl Iterator<Item = (usize, Target)>,
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let main = fetch_all(list, *limits, done);
    Ok(EventLoop::new()?.run_until_complete(main)?)
}

/// What the fetches of a crawl have in common.
///
/// ```
/// use crawl::{Limits, Target, Url};
/// use stage_09_asyncio as asyncio;
///
/// # let nobody_listens = "127.0.0.1:1";
/// let url = Url::parse(&format!("http://{nobody_listens}/page"))?;
/// let target = Target::new(url, nobody_listens.parse()?);
/// let outcome = asyncio::run(async {
///     let crawl = asyncio::Crawl::new(Limits::default());
///     asyncio::create_task(asyncio::fetch(7, target, crawl.clone()));
///     crawl.finished().await
/// })?;
/// assert_eq!(outcome.target, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Crawl {
    limits: Limits,
    /// `None`: a fetch has ended without an outcome.
    finished: Queue<Option<Outcome>>,
}

impl Crawl {
    /// A crawl of which no fetch has begun.
    #[must_use]
    pub fn new(limits: Limits) -> Rc<Crawl> {
        Rc::new(Crawl { limits, finished: Queue::new(0) })
    }

    /// The next outcome, when there is one.
    ///
    /// # Panics
    /// If a fetch ended without an outcome, by a panic or cancelled.
    pub async fn finished(&self) -> Outcome {
        let outcome = self.finished.get().await;
        outcome.expect("a fetch has panicked, or was cancelled")
    }
}

async fn fetch_all(
    mut list: impl Iterator<Item = (usize, Target)>,
    limits: Limits,
    done: &mut dyn FnMut(Outcome),
) {
    let crawl = Rc::new(Crawl { limits, finished: Queue::new(0) });
    let mut in_flight = 0;
    loop {
        while in_flight < limits.concurrency.get()
            && let Some((index, target)) = list.next()
        {
            create_task(fetch(index, target, Rc::clone(&crawl)));
            in_flight += 1;
            if in_flight % 100 == 0 {
                // Thousands in one go would keep the others waiting.
                sleep(Duration::ZERO).await;
            }
        }
        if in_flight == 0 {
            return;
        }
        done(crawl.finished().await);
        in_flight -= 1;
    }
}

/// Fetches one target of a [`Crawl`]:
///
/// ```
/// use crawl::{ErrorKind, Limits, Target, Url};
/// use stage_09_asyncio as asyncio;
///
/// # let nobody_listens = "127.0.0.1:1";
/// let url = Url::parse(&format!("http://{nobody_listens}/page"))?;
/// let target = Target::new(url, nobody_listens.parse()?);
/// let outcome = asyncio::run(async {
///     let crawl = asyncio::Crawl::new(Limits::default());
///     asyncio::fetch(0, target, crawl.clone()).await;
///     crawl.finished().await
/// })?;
/// assert_eq!(outcome.result.unwrap_err().kind, ErrorKind::Connect);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is a function that returns an `async` block, and no `async fn`: the
/// arguments of an `async fn` are stored twice.
pub fn fetch(
    index: usize,
    target: Target,
    crawl: Rc<Crawl>,
) -> impl Future<Output = ()> {
    let owed = Owed::to(&crawl.finished);
    async move {
        let mut exchange = Exchange::new(&target, &crawl.limits);
        let page = loop {
            let left = exchange.time_left();
            let page = timeout(left, download(&mut exchange)).await;
            let page = page.unwrap_or_else(|_| Err(DeadlinePassed.into()));
            if !exchange.try_next_address(&page) {
                break page;
            }
        };
        owed.pay(exchange.finish(index, page));
    }
}

async fn download(exchange: &mut Exchange) -> io::Result<Page> {
    let socket = connect(exchange)?;
    send(&socket, exchange).await?;
    receive(&socket, exchange).await
}

/// Begins to connect. Nobody waits for it: the first `send` finds out
/// whether the connection is there. On loopback it mostly is.
fn connect(exchange: &mut Exchange) -> io::Result<Socket> {
    let address = exchange.address();
    let socket = selectors::socket(address)?;
    exchange.connected(socket.connect(&address.into()))?;
    Socket::new(socket)
}

async fn send(socket: &Socket, exchange: &mut Exchange) -> io::Result<()> {
    loop {
        match exchange.sent(socket.send(exchange.unsent()))? {
            Sent::All => return Ok(()),
            Sent::Part => {}
            Sent::MustWait => {
                socket.writable().await?;
                // Connected *or failed*: the socket knows which.
                exchange.socket_error(socket.take_error())?;
            }
        }
    }
}

async fn receive(
    socket: &Socket,
    exchange: &mut Exchange,
) -> io::Result<Page> {
    loop {
        socket.readable().await?;
        if let Some(page) = receive_chunks(socket, exchange)? {
            return Ok(page);
        }
    }
}

/// Receives what is there, one chunk after another: the page, or `None`
/// where it must wait.
fn receive_chunks(
    socket: &Socket,
    exchange: &mut Exchange,
) -> io::Result<Option<Page>> {
    let chunk = &mut *socket.chunk();
    loop {
        match exchange.received(socket.receive(chunk), chunk)? {
            Received::Page(page) => return Ok(Some(page)),
            Received::Part => {}
            Received::MustWait => return Ok(None),
        }
    }
}
