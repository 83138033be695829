use std::collections::VecDeque;
use std::io;

use crawl::{Exchange, Limits, Outcome, Page};
use crawl::{Received, Sent, Target};

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
        if may_start {
            ring.submit()?
        } else {
            ring.wait()?
        }

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

impl Fetch {
    fn new(index: usize, exchange: Exchange) -> Fetch {
        let (is_broken, had_no_buffer, page) = (false, false, None);
        Fetch { index, exchange, is_broken, had_no_buffer, page }
    }
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
    let key = ring.insert(Fetch::new(index, exchange), target, left);
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
        Step::Connect | Step::Send => {
            // A short send breaks the chain: a new one sends the rest.
            fetch.is_broken |= exchange.sent(result)? != Sent::All;
        }
        Step::Receive if is_no_buffer(&result) => {
            fetch.had_no_buffer = true;
        }
        Step::Receive => {
            if let Received::Page(page) =
                exchange.received(result, chunk)?
            {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crawl::Url;
    use std::time::Duration;

    fn fetch() -> Fetch {
        let url = Url::parse("http://127.0.0.1:9/").unwrap();
        let target = Target::new(url, "127.0.0.1:9".parse().unwrap());
        Fetch::new(0, Exchange::new(&target, &Limits::default()))
    }

    /// Takes the completions of a chain, as the kernel would give them.
    fn take(fetch: &mut Fetch, chain: &[(Step, Result<usize, i32>)]) {
        for (at, (step, result)) in chain.iter().enumerate() {
            let is_last = at + 1 == chain.len();
            let result = result.map_err(io::Error::from_raw_os_error);
            let (step, key, chunk) = (*step, 7, &[][..]);
            let completion =
                Completion { key, fetch, step, result, chunk, is_last };
            assert_eq!(note(completion), is_last.then_some(7));
        }
    }

    #[test]
    fn the_rest_of_a_short_send_is_left_to_be_sent() {
        let mut fetch = fetch();
        let all = fetch.exchange.unsent().len();
        let cancelled = Err(libc::ECANCELED);
        take(
            &mut fetch,
            &[
                (Step::Socket, Ok(0)),
                (Step::Connect, Ok(0)),
                (Step::Deadline, cancelled),
                (Step::Send, Ok(5)),
                (Step::Deadline, cancelled),
                (Step::Receive, cancelled),
                (Step::Deadline, cancelled),
            ],
        );
        assert!(fetch.page.is_none(), "the fetch goes on");
        assert_eq!(fetch.exchange.unsent().len(), all - 5);
        let outcome =
            fetch.exchange.finish(0, Err(io::ErrorKind::Other.into()));
        assert_eq!(outcome.failed_attempts, 0, "nothing had to wait");
    }

    #[test]
    fn what_follows_a_failed_request_says_nothing() {
        let mut fetch = fetch();
        let cancelled = Err(libc::ECANCELED);
        take(
            &mut fetch,
            &[
                (Step::Socket, Ok(0)),
                (Step::Connect, Err(libc::ECONNREFUSED)),
                (Step::Deadline, cancelled),
                (Step::Send, cancelled),
                (Step::Receive, cancelled),
            ],
        );
        let error = fetch.page.expect("it has ended").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_request_that_its_deadline_cancels_may_be_made_once_more() {
        let mut fetch = fetch();
        fetch.exchange.connected(Ok(())).unwrap();
        let cancelled = Err(libc::ECANCELED);
        take(
            &mut fetch,
            &[(Step::Receive, cancelled), (Step::Deadline, Ok(0))],
        );
        assert!(fetch.page.is_none(), "there may be bytes");
    }

    #[test]
    fn no_buffer_is_no_failure() {
        let mut fetch = fetch();
        let none = (Step::Receive, Err(libc::ENOBUFS));
        take(&mut fetch, &[none, (Step::Deadline, Err(libc::ECANCELED))]);
        assert!(fetch.page.is_none() && fetch.had_no_buffer);
    }

    /// So many chains do not fit into the queue of requests at once.
    #[test]
    fn a_thousand_refused_connections_are_a_thousand_errors() {
        if let Err(why) = available() {
            return println!("skipped: {why}");
        }
        let nobody = "127.0.0.1:1";
        let url = Url::parse(&format!("http://{nobody}/")).unwrap();
        let targets =
            vec![Target::new(url, nobody.parse().unwrap()); 1_000];
        let limits = Limits {
            concurrency: 300.try_into().unwrap(),
            deadline: Duration::from_secs(30),
            ..Limits::default()
        };
        let mut outcomes = vec![0; targets.len()];
        crawl(&targets, &limits, &mut |outcome| {
            let error = outcome.result.unwrap_err();
            assert_eq!(error.kind, crawl::ErrorKind::Connect, "{error}");
            outcomes[outcome.target] += 1;
        })
        .unwrap();
        assert!(outcomes.iter().all(|count| *count == 1));
    }
}
