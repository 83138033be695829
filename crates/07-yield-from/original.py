"""Chapter 7: small generators, resumed through one another.

The fetch falls into small generators: `send` and `receive`, run by
`download`, run by `fetch`. A function that calls one that suspends must be
able to suspend too: `send(sock, exchange)` by itself runs nothing, it only
makes a generator. `yield from` runs it. When the inner generator yields a
future, each outer one yields it on, until it reaches the Task; the answer
goes the same way back, and so does what the inner one returns or raises.

Future, Task and loop are those of chapter 6, unchanged.
"""

import sys
from socket import SO_ERROR, SOL_SOCKET

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Exchange, Received, Sent
from crawl import chapter, main, result_of

EventLoop = chapter("06-generator-task").EventLoop
Task = chapter("06-generator-task").Task


def crawl(targets, limits, done):
    """Fetches the targets, and hands each outcome to `done` as it comes."""
    event_loop = EventLoop(limits, done)
    event_loop.run(enumerate(targets), start)


def start(index, target, event_loop):
    """Makes a generator of a fetch, and a task that runs it."""
    Task(fetch(index, target, event_loop))


def fetch(index, target, event_loop):
    """Fetches one target: the outermost generator, which the Task
    resumes."""
    exchange = Exchange(target, event_loop.limits)
    while True:
        try:
            page = yield from download(exchange, event_loop)
        except OSError as error:
            page = error
        if not exchange.try_next_address(page):
            event_loop.report(exchange.finish(index, page))
            return


def download(exchange, event_loop):
    with event_loop.watch(exchange) as sock:
        connect(sock, exchange)
        yield from send(sock, exchange)
        return (yield from receive(sock, exchange))


def connect(sock, exchange):
    """Begins to connect. Nobody waits for it: the first `send` finds out
    whether the connection is there. On loopback it mostly is."""
    exchange.connected(result_of(sock.connect, exchange.address()))


def send(sock, exchange):
    """Sends the request."""
    sent = None
    while sent is not Sent.ALL:
        sent = exchange.sent(result_of(sock.send, exchange.unsent()))
        if sent is Sent.MUST_WAIT:
            yield sock.writable()
            # Connected *or failed*: the socket knows which.
            exchange.socket_error(sock.getsockopt(SOL_SOCKET, SO_ERROR))


def receive(sock, exchange):
    """Receives until the page is complete."""
    page = None
    while page is None:
        yield sock.readable()
        page = receive_chunks(sock, exchange)
    return page


def receive_chunks(sock, exchange):
    """Receives what is there, one chunk after another: the page, or `None`
    where it must wait."""
    received = Received.PART
    while received is Received.PART:
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return None if received is Received.MUST_WAIT else received


if __name__ == "__main__":
    main({"yield-from": crawl})
