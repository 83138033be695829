//! A socket is read after it was closed.

use std::io;

use crawl::{Exchange, Received};
use stage_05_callbacks::Socket;

fn end(socket: Socket, exchange: &mut Exchange) -> io::Result<Received> {
    let mut chunk = crawl::receive_buffer();
    drop(socket); // closed
    exchange.received(socket.receive(&mut chunk), &chunk)
}

fn main() {}
