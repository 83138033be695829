use std::collections::VecDeque;
use std::io;

use crawl::{Exchange, Limits, Outcome, Page, Received, Target};

use crate::buffers;
use crate::ring::{Completion, Ring, Step};

/// Whether this kernel lets this process use io_uring.
///
/// # Errors
/// Why not.
pub fn available() -> Result<(), String> {
    let ring = Ring::<()>::new(1);
    ring.map(drop).map_err(|error| match error.raw_os_error() {
        Some(libc::ENOSYS) => "this kernel has no io_uring".into(),
        Some(libc::EPERM | libc::EACCES) => {
            "io_uring is forbidden here, by the container or by the \
             setting kernel.io_uring_disabled"
                .into()
        }
        Some(libc::EINVAL) => {
            "the io_uring of this kernel is too old: Linux 6.1 has what is \
             needed"
                .into()
        }
        _ => format!("io_uring does not start: {error}"),
    })
}

/// Fetches the targets with io_uring, and hands each outcome to `done` as
/// it comes.
///
/// 1. Start fetches while there is room for them.
/// 2. Hand over all requests, and sleep until one of them is done.
/// 3. Take all completions. A fetch whose chain has ended goes on, or ends.
/// 4. Have those receive once more for which no buffer was left.
///
/// # Errors
/// What the system says when there is no ring or it cannot wait.
pub fn crawl(
    targets: &[Target],
    limits: &Limits,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    if targets.is_empty() {
        return Ok(());
    }
    let at_once = limits.concurrency.get().min(targets.len());
    let mut ring = Ring::new(at_once)?;
    let mut list = targets.iter().enumerate();
    let mut without_buffer = VecDeque::new();
    loop {
        // 1. After the whole batch of completions: new fetches start
        //    together.
        while ring.has_slot()
            && ring.has_room()
            && let Some((index, target)) = list.next()
        {
            fetch(index, target, limits, &mut ring)?;
        }
        if ring.is_empty() {
            return ring.submit(); // the last sockets are closed
        }

        // 2. The one place where the program sleeps, unless fetches are
        //    left to start for which the queue only had no room.
        let may_start = ring.has_slot() && list.len() > 0;
        if may_start { ring.submit()? } else { ring.wait()? }

        // 3. There is no look at the clock: a deadline is a completion.
        while let Some(completion) = ring.next() {
            if let Some(key) = note(completion) {
                go_on(key, &mut ring, &mut without_buffer, done)?;
            }
        }

        // 4. Not more than there are buffers: the others would get none.
        for _ in 0..without_buffer.len().min(buffers::COUNT) {
            let Some(key) = without_buffer.pop_front() else { break };
            receive(key, &mut ring)?;
        }
    }
}

/// What a fetch keeps while its requests are with the kernel.
struct Fetch {
    index: usize,
    exchange: Exchange,
    /// A request of its chain has failed, and so the rest of the chain is
    /// cancelled.
    is_broken: bool,
    had_no_buffer: bool,
    /// How it ended. A box, because thousands may be waiting for theirs.
    page: Option<Box<io::Result<Page>>>,
}

/// Begins to fetch one target. The completions do the rest.
fn fetch(
    index: usize,
    target: &Target,
    limits: &Limits,
    ring: &mut Ring<Fetch>,
) -> io::Result<()> {
    let exchange = Exchange::new(target, limits);
    let (left, address) = (exchange.time_left(), exchange.address());
    let fetch = Fetch {
        index,
        exchange,
        is_broken: false,
        had_no_buffer: false,
        page: None,
    };
    let key = ring.insert(fetch, target, left);
    ring.connect_send_receive(key, address)
}

/// Takes one completion of a fetch. The last one of its chain gives the key
/// of the fetch, which can now go on.
fn note(completion: Completion<'_, Fetch>) -> Option<usize> {
    let Completion { key, fetch, step, result, chunk, is_last } =
        completion;
    // Behind a broken link everything is cancelled: that says nothing new.
    let says_nothing = fetch.is_broken || fetch.page.is_some();
    if !says_nothing && step != Step::Deadline {
        fetch.is_broken = result.is_err();
        match note_step(fetch, step, result, chunk) {
            Ok(None) => {}
            Ok(Some(page)) => fetch.page = Some(Box::new(Ok(page))),
            Err(error) => fetch.page = Some(Box::new(Err(error))),
        }
    }
    is_last.then_some(key)
}

fn note_step(
    fetch: &mut Fetch,
    step: Step,
    result: io::Result<usize>,
    chunk: &[u8],
) -> io::Result<Option<Page>> {
    let exchange = &mut fetch.exchange;
    // Only its deadline cancels the first request that fails in a chain.
    // To the exchange that is a call that would have to wait.
    let (is_cancelled, result) = match result {
        Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => {
            (true, Err(io::ErrorKind::WouldBlock.into()))
        }
        result => (false, result),
    };
    match step {
        Step::Socket => drop(result?),
        Step::Connect if !is_cancelled => {
            exchange.connected(result.map(drop))?;
        }
        // A short send breaks the chain: the rest is sent by a new one.
        Step::Connect | Step::Send => drop(exchange.sent(result)?),
        Step::Receive if is_no_buffer(&result) => {
            fetch.had_no_buffer = true;
        }
        Step::Receive => {
            if let Received::Page(page) = exchange.received(result, chunk)? {
                return Ok(Some(page));
            }
        }
        Step::Deadline => {}
    }
    Ok(None)
}

/// All buffers were in use. (The calls of a TCP socket have no such error
/// of their own.)
fn is_no_buffer(result: &io::Result<usize>) -> bool {
    let error = result.as_ref().err();
    error.and_then(io::Error::raw_os_error) == Some(libc::ENOBUFS)
}

/// The chain of a fetch has ended, and nothing of it is with the kernel.
fn go_on(
    key: usize,
    ring: &mut Ring<Fetch>,
    without_buffer: &mut VecDeque<usize>,
    done: &mut dyn FnMut(Outcome),
) -> io::Result<()> {
    let fetch = ring.fetch(key);
    fetch.is_broken = false;
    let Some(page) = fetch.page.take() else {
        if std::mem::take(&mut fetch.had_no_buffer) {
            without_buffer.push_back(key);
            return Ok(());
        }
        return send_or_receive(key, ring);
    };
    if fetch.exchange.try_next_address(&page) {
        let address = fetch.exchange.address();
        return ring.connect_send_receive(key, address);
    }
    let fetch = ring.remove(key)?; // its socket is closed
    done(fetch.exchange.finish(fetch.index, *page));
    Ok(())
}

fn send_or_receive(key: usize, ring: &mut Ring<Fetch>) -> io::Result<()> {
    let exchange = &ring.fetch(key).exchange;
    let (unsent, is_late) =
        (exchange.unsent().len(), exchange.time_left().is_zero());
    match unsent {
        0 => receive(key, ring),
        // Past the deadline a request may be made once more, and must not
        // wait: the exchange says so.
        unsent if is_late => ring.try_to_send(key, unsent),
        unsent => ring.send_receive(key, unsent),
    }
}

fn receive(key: usize, ring: &mut Ring<Fetch>) -> io::Result<()> {
    if ring.fetch(key).exchange.time_left().is_zero() {
        ring.try_to_receive(key)
    } else {
        ring.receive(key)
    }
}
