//! `connect`, `send` and `recv`, asleep no longer than until the deadline.
//!
//! A plain blocking call may sleep for ever. A socket can be given a
//! time-out for each call, but kernels round long time-outs up: 20 s can
//! become 21.3 s. So each call here sleeps in shorter parts and looks at
//! the clock between them. Only the last part, which the kernel keeps
//! exactly, goes to the end.

use std::io::{self, Read};
use std::time::Duration;

use crawl::{DeadlinePassed, Exchange};
use socket2::Socket;

/// A time-out up to this is kept exactly.
const EXACT: Duration = Duration::from_millis(400);

/// Windows takes a time-out of zero for *none*.
const SHORTEST: Duration = Duration::from_millis(1);

/// `connect`, which `socket2` gives an exact time-out.
#[track_caller]
pub(crate) fn connect(
    socket: &Socket,
    exchange: &Exchange,
) -> io::Result<()> {
    let time_left = exchange.time_left().max(SHORTEST);
    let connected =
        socket.connect_timeout(&exchange.address().into(), time_left);
    match connected {
        // A time-out of the system's own has an error number.
        Err(error)
            if error.kind() == io::ErrorKind::TimedOut
                && error.raw_os_error().is_none() =>
        {
            Err(DeadlinePassed.into())
        }
        connected => connected,
    }
}

/// `send`: how many bytes of the request there was room for.
#[track_caller]
pub(crate) fn send(
    socket: &Socket,
    exchange: &Exchange,
) -> io::Result<usize> {
    sleep_in_parts(exchange, |part| {
        socket.set_write_timeout(Some(part))?;
        socket.send(exchange.unsent())
    })
}

/// `recv`: how many bytes are in the chunk now.
#[track_caller]
pub(crate) fn receive(
    mut socket: &Socket,
    exchange: &Exchange,
    chunk: &mut [u8],
) -> io::Result<usize> {
    sleep_in_parts(exchange, |part| {
        socket.set_read_timeout(Some(part))?;
        socket.read(chunk)
    })
}

/// Calls again and again, each time with a part of what is left of the
/// deadline, until the call has not just slept.
#[track_caller]
fn sleep_in_parts(
    exchange: &Exchange,
    mut call: impl FnMut(Duration) -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        // The time left is noted *before* the call: a page that has arrived
        // by then wins over a deadline that passes meanwhile.
        let time_left = exchange.time_left();
        let part = if time_left > EXACT {
            time_left * 7 / 8
        } else {
            time_left.max(SHORTEST)
        };
        match call(part) {
            Err(error) if has_only_slept(&error) => {
                if time_left.is_zero() {
                    return Err(DeadlinePassed.into());
                }
            }
            result => return result,
        }
    }
}

/// The call slept its time, or a signal woke it: nothing has failed yet.
fn has_only_slept(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => true,
        // Elsewhere this means that the *connection* timed out.
        io::ErrorKind::TimedOut => cfg!(windows),
        _ => false,
    }
}
