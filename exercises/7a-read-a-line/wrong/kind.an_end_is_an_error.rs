use std::io;

use crawl::Exchange;
use stage_06_generator_task::{Future, Generator, Raise, Socket, Step, Yield};

use crate::{More, receive_more};

/// Reads one line of the answer's head, its end `\n` included. After the
/// end of the stream it returns what is left, without `\n`; nothing, if
/// nothing is left.
///
/// Chunks end anywhere: one may hold half a line, or ten lines and the
/// beginning of the body. `unread` is what was received and not yet read.
/// The outer generator keeps it, and lends it at each step.
pub(crate) struct ReadLine;

impl ReadLine {
    pub(crate) fn new() -> ReadLine {
        ReadLine
    }
}

impl Generator<(&mut Socket, &mut Exchange, &mut Vec<u8>)> for ReadLine {
    type Yielded = Future<()>;
    type Returned = Vec<u8>;

    fn resume(
        &mut self,
        (socket, exchange, unread): (
            &mut Socket,
            &mut Exchange,
            &mut Vec<u8>,
        ),
    ) -> Step<Future<()>, Vec<u8>> {
        loop {
            // First what is there already: perhaps it is a whole line.
            if let Some(end) = unread.iter().position(|it| *it == b'\n') {
                return Ok(unread.drain(..=end).collect());
            }
            match receive_more(socket, exchange, unread)? {
                More::Bytes => {}
                More::End => {
                    let ended = io::Error::other("the stream has ended");
                    return Err(Raise(ended));
                }
                More::MustWait => return Err(Yield(socket.readable()?)),
            }
        }
    }
}
