"""Chapter 5: one thread, an event loop and callbacks.

The steps of chapter 1, cut at each place where it would wait. Each piece
ends by registering the next one, and returns. The program asks the system
which of its sockets are ready, sleeps until one is, and calls what was
registered for it: *event loop and callback*. Whether it asks by `select`,
by `poll`, by `epoll` or by the module `selectors` changes nothing in this
code.

Nobody waits for one page any more. The price: the logic is cut at each
wait, the local variables travel by hand from one callback to the next in a
`Fetch`, and an error has no caller to travel to, so every callback has to
end the fetch by itself.
"""

import select
import selectors
import socket
import sys
from functools import partial
from socket import SO_ERROR, SOL_SOCKET

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Deadlines, Exchange, Received, Sent
from crawl import feature, main, result_of


def crawl(selector, targets, limits, done):
    """Fetches the targets on a selector of that class, and hands each
    outcome to `done` as it comes."""
    event_loop = EventLoop(selector(), limits, done)
    event_loop.run(enumerate(targets), fetch)


def fetch(index, target, event_loop):
    """Begins to fetch one target. The callbacks do the rest."""
    exchange = Exchange(target, event_loop.limits)
    download(index, exchange, event_loop)


def download(index, exchange, event_loop):
    try:
        sock = event_loop.watch(exchange)
    except OSError as error:
        finish(index, exchange, error, event_loop)
    else:
        Fetch(index, exchange, sock, event_loop).connect()


def finish(index, exchange, page, event_loop):
    if exchange.try_next_address(page):
        download(index, exchange, event_loop)
    else:
        event_loop.report(exchange.finish(index, page))


class Fetch:
    """What the callbacks of one fetch hand on to each other: the local
    variables of chapter 1."""

    def __init__(self, index, exchange, sock, event_loop):
        self.index = index
        self.exchange = exchange
        self.sock = sock
        self.event_loop = event_loop

    def connect(self):
        """Begins to connect. Nobody waits for it: the first `send` finds
        out whether the connection is there. On loopback it mostly is."""
        address = self.exchange.address()
        try:
            self.exchange.connected(result_of(self.sock.connect, address))
        except OSError as error:
            self.finish(error)
        else:
            self.send()

    def send(self):
        sent = None
        while sent is not Sent.ALL:
            unsent = self.exchange.unsent()
            try:
                sent = self.exchange.sent(result_of(self.sock.send, unsent))
            except OSError as error:
                return self.finish(error)
            if sent is Sent.MUST_WAIT:
                return self.wait_for("writable", self.writable)
        self.wait_for("readable", self.receive)

    def writable(self):
        """Writable means connected *or failed*: the socket knows which."""
        try:
            number = self.sock.getsockopt(SOL_SOCKET, SO_ERROR)
            self.exchange.socket_error(number)
        except OSError as error:
            self.finish(error)
        else:
            self.send()

    def receive(self):
        try:
            page = receive_chunks(self.sock, self.exchange)
        except OSError as error:
            page = error
        if page is None:
            self.wait_for("readable", self.receive)
        else:
            self.finish(page)

    def wait_for(self, interest, callback):
        """Registers what to call when the socket is ready. Nobody else
        holds the fetch while it waits: the bound method does."""
        try:
            self.event_loop.register(self.sock, interest, callback)
        except OSError as error:
            self.finish(error)

    def finish(self, page):
        self.event_loop.close(self.sock)
        finish(self.index, self.exchange, page, self.event_loop)


def receive_chunks(sock, exchange):
    """Receives what is there, one chunk after another: the page, or `None`
    where it must wait."""
    received = Received.PART
    while received is Received.PART:
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return None if received is Received.MUST_WAIT else received


class EventLoop:
    """Waits for all sockets at once, and calls back those that are ready.

    Invariant: each fetch in flight has one socket, one descriptor and one
    deadline. Whenever the loop waits, it also has one callback.
    """

    def __init__(self, selector, limits, report):
        self.selector = selector
        # By descriptor: what to call. Ten fetches, twenty events to come,
        # in any order: this says which code runs next.
        self.in_flight = {}
        self.deadlines = Deadlines(limits.deadline)
        self.limits = limits
        self.report = report

    def run(self, targets, start):
        """Runs until all targets are started and nothing is in flight.

        1. Start fetches while there is room for them, and no deadline
           passes meanwhile.
        2. Wait until a socket is ready or a deadline passes.
        3. Call back every socket that is ready.
        4. Call back every socket whose deadline has passed.
        """
        while True:
            # 1. After the whole batch of events, not one by one: new
            #    fetches start together.
            while self.has_room() and (found := next(targets, None)):
                start(*found, self)
            if not self.in_flight:
                return

            # 2. The one place where the program sleeps.
            ready = self.selector.wait(self.deadlines.time_left())

            # 3. Before the deadlines: what has arrived in time counts.
            for fd in ready:
                self.call_back(fd)

            # 4. Each until its fetch ends: it may try once more.
            while (fd := self.deadlines.first_passed()) is not None:
                self.call_back(fd)

    def has_room(self):
        return (len(self.in_flight) < self.limits.concurrency
                and self.deadlines.first_passed() is None)

    def watch(self, exchange):
        """Opens the socket of a fetch that begins: from now on the fetch is
        in flight, until the socket is closed."""
        sock = socket.socket(exchange.family())
        sock.setblocking(False)
        self.in_flight[sock.fileno()] = None
        self.deadlines.push(sock.fileno(), exchange.started)
        return sock

    def register(self, sock, interest, callback):
        """Registers what to call, once, when the socket is ready."""
        self.selector.wait_for(sock.fileno(), interest)
        self.in_flight[sock.fileno()] = callback

    def call_back(self, fd):
        callback, self.in_flight[fd] = self.in_flight[fd], None
        callback()  # it will register the next one, or close the socket

    def close(self, sock):
        del self.in_flight[sock.fileno()]
        self.deadlines.remove(sock.fileno())
        self.selector.forget(sock.fileno())
        sock.close()


# Four ways to ask the system, with the same three methods: `wait_for` asks
# once, `wait` reports a descriptor once and then no more, `forget` takes
# back the asking.


class Select:
    """The oldest: every call carries the whole set of descriptors."""

    # The size of C's `fd_set`. On Windows the set is a list, and Python's
    # has room for 512.
    PLACES = 512 if sys.platform == "win32" else 1024

    def __init__(self):
        self.asked = {"readable": set(), "writable": set()}

    def wait_for(self, fd, interest):
        is_too_much = fd >= self.PLACES
        if sys.platform == "win32":
            is_too_much = len(self.asked[interest]) >= self.PLACES
        if is_too_much:
            raise OSError(f"select cannot watch descriptor {fd}: its set"
                          f" has {self.PLACES} places")
        self.forget(fd)
        self.asked[interest].add(fd)

    def wait(self, timeout):
        readers, writers = self.asked.values()
        # Windows reports a failed connect as an exception.
        found = select.select(readers, writers, writers, timeout)
        ready = set().union(*found)
        for fd in ready:
            self.forget(fd)
        return ready

    def forget(self, fd):
        for descriptors in self.asked.values():
            descriptors.discard(fd)


class Poll:
    """A list instead of a set, so no upper limit. It is still carried whole
    at every call."""

    def __init__(self):
        self.poll = feature(select, "poll")()
        self.asked = set()

    def wait_for(self, fd, interest):
        events = {"readable": select.POLLIN, "writable": select.POLLOUT}
        self.poll.register(fd, events[interest])  # or modifies
        self.asked.add(fd)

    def wait(self, timeout):
        ready = [fd for fd, _ in self.poll.poll(timeout * 1000)]
        for fd in ready:
            self.forget(fd)
        return ready

    def forget(self, fd):
        if fd in self.asked:
            self.asked.remove(fd)
            self.poll.unregister(fd)


class Epoll:
    """The system keeps the list, and a call costs what became ready, not
    what is watched."""

    def __init__(self):
        self.epoll = feature(select, "epoll")()
        self.known = set()

    def wait_for(self, fd, interest):
        events = {"readable": select.EPOLLIN, "writable": select.EPOLLOUT}
        if fd in self.known:
            ask = self.epoll.modify
        else:
            ask = self.epoll.register
        ask(fd, events[interest] | select.EPOLLONESHOT)
        self.known.add(fd)

    def wait(self, timeout):
        return [fd for fd, _ in self.epoll.poll(timeout)]

    def forget(self, fd):
        self.known.discard(fd)  # the system forgets what is closed


class Polling:
    """The module `selectors`, which takes the best that a system has. It
    reports a descriptor again and again until it is unregistered."""

    def __init__(self):
        self.selector = selectors.DefaultSelector()

    def wait_for(self, fd, interest):
        events = {
            "readable": selectors.EVENT_READ,
            "writable": selectors.EVENT_WRITE,
        }
        self.forget(fd)
        # On Windows the best is `select`.
        places = Select.PLACES if sys.platform == "win32" else None
        if places and len(self.selector.get_map()) >= places:
            raise OSError(f"select has {places} places")
        self.selector.register(fd, events[interest])

    def wait(self, timeout):
        ready = [key.fd for key, _ in self.selector.select(timeout)]
        for fd in ready:
            self.forget(fd)
        return ready

    def forget(self, fd):
        if fd in self.selector.get_map():
            self.selector.unregister(fd)


if __name__ == "__main__":
    main({
        "select": partial(crawl, Select),
        "poll": partial(crawl, Poll),
        "epoll": partial(crawl, Epoll),
        "polling": partial(crawl, Polling),
    })
