use std::mem;

use crawl::Exchange;
use stage_06_generator_task::{Future, Generator, Socket, Step, Yield};

use crate::{More, receive_more};

/// Reads one line of the answer's head, its end `\n` included. After the
/// end of the stream it returns what is left, without `\n`; nothing, if
/// nothing is left.
///
/// Chunks end anywhere: one may hold half a line, or ten lines and the
/// beginning of the body. `unread` is what was received and not yet read.
/// The outer generator keeps it, and lends it at each step.
pub(crate) struct ReadLine {
    line: Vec<u8>,
}

impl ReadLine {
    pub(crate) fn new() -> ReadLine {
        ReadLine { line: Vec::new() }
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
            match receive_more(socket, exchange, unread)? {
                More::MustWait => return Err(Yield(socket.readable()?)),
                More::End => return Ok(mem::take(&mut self.line)),
                More::Bytes => {
                    for byte in mem::take(unread) {
                        self.line.push(byte);
                        if byte == b'\n' {
                            return Ok(mem::take(&mut self.line));
                        }
                    }
                }
            }
        }
    }
}
