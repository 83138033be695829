"""Chapter 4: non-blocking sockets, asked again and again.

The steps of chapter 1, one page after another (`crawl`); and the same for
all pages at once (`crawl_all`). A non-blocking socket says at once that it
is not ready, and the program asks again, as fast as it can.

Not sleeping is not progress. One page after another takes as long as in
chapter 1, with the processor at full load. Asking all sockets in turn
brings the pages as early as the best stage does, so what busy-waiting
wastes is CPU, not time. Somebody must say *when* a socket is ready.
"""

import socket
import sys
from itertools import islice
from socket import SO_ERROR, SOL_SOCKET

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Exchange, Page, Sent
from crawl import main, result_of


def crawl(targets, limits, done):
    """Fetches the targets, one after another, and hands each outcome to
    `done` as it comes."""
    for index, target in enumerate(targets):
        done(fetch(index, target, limits))


def fetch(index, target, limits):
    """Fetches one target, busy until it is done."""
    exchange = Exchange(target, limits)
    while True:
        try:
            page = download(exchange)
        except OSError as error:
            page = error
        if not exchange.try_next_address(page):
            return exchange.finish(index, page)


def download(exchange):
    with socket.socket(exchange.family()) as sock:
        connect(sock, exchange)
        send(sock, exchange)
        return receive(sock, exchange)


def connect(sock, exchange):
    """Begins to connect: the first `send` that works will show that the
    connection is there."""
    sock.setblocking(False)
    exchange.connected(result_of(sock.connect, exchange.address()))


def send(sock, exchange):
    """Asks for room again and again, and whether the connection has failed:
    a loop that forgets to ask spins until the deadline."""
    sent = None
    while sent is not Sent.ALL:
        sent = exchange.sent(result_of(sock.send, exchange.unsent()))
        if sent is Sent.MUST_WAIT:
            exchange.socket_error(sock.getsockopt(SOL_SOCKET, SO_ERROR))


def receive(sock, exchange):
    """Asks for bytes again and again, until the page is complete."""
    received = None
    while not isinstance(received, Page):
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return received


# The same without the handicap of one page at a time: all sockets, asked in
# turn.


def crawl_all(targets, limits, done):
    """Fetches the targets, `limits.concurrency` at a time, and hands each
    outcome to `done` as it comes."""
    targets_left = enumerate(targets)
    in_flight = []
    while True:
        room = limits.concurrency - len(in_flight)
        for index, target in islice(targets_left, room):
            in_flight.append(Fetch(index, Exchange(target, limits)))
        if not in_flight:
            return
        in_flight = [one for one in in_flight if not one.turn(done)]


class Fetch:
    """The local variables of one fetch, which is left and resumed at every
    turn."""

    def __init__(self, index, exchange):
        self.index = index
        self.exchange = exchange
        self.sock = None  # before it has begun to connect

    def turn(self, done):
        """Takes one turn. Whether the fetch has ended."""
        try:
            page = self.attempt()
            if not isinstance(page, Page):
                return False
        except OSError as error:
            page = error
        if self.sock:
            self.sock.close()
            self.sock = None
        if self.exchange.try_next_address(page):
            return False
        done(self.exchange.finish(self.index, page))
        return True

    def attempt(self):
        """Does what can be done now: the page, or something else for *not
        yet*."""
        exchange, sock = self.exchange, self.sock
        if sock is None:
            self.sock = socket.socket(exchange.family())
            connect(self.sock, exchange)
        elif exchange.unsent():
            sent = exchange.sent(result_of(sock.send, exchange.unsent()))
            if sent is Sent.MUST_WAIT:
                number = sock.getsockopt(SOL_SOCKET, SO_ERROR)
                exchange.socket_error(number)
        else:
            return exchange.received(result_of(sock.recv, CHUNK_BYTES))


if __name__ == "__main__":
    main({"busy-wait": crawl, "busy-wait-all": crawl_all})
