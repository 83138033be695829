"""Chapter 6: a Future that keeps, a Task that resumes, and a loop that only
calls.

The crawl is one straight function again: `fetch` connects, sends and
receives from top to bottom. Wherever it would have to wait, it yields a
`Future`. Four parts have one role each:

1. A generator can stop in the middle, and go on from there.
2. The `Future` is a box that is empty at first, with a list of whom to call
   when it is filled.
3. The `Task` owns a generator, and resumes it when the future that the
   generator has yielded is done.
4. The `EventLoop` waits for the sockets and calls `set_result`.

Local variables stay where they are, and an error travels as an exception.
A generator can stop only in its own body, so all that waits stands in one
function. Chapter 7 takes it apart again.
"""

import socket
import sys
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from socket import SO_ERROR, SOL_SOCKET

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Deadlines, Exchange, Received, Sent
from crawl import main, result_of


def crawl(targets, limits, done):
    """Fetches the targets, and hands each outcome to `done` as it comes."""
    event_loop = EventLoop(limits, done)
    event_loop.run(enumerate(targets), start)


def start(index, target, event_loop):
    """Makes a generator of a fetch, and a task that runs it."""
    Task(fetch(index, target, event_loop))


def fetch(index, target, event_loop):
    """Fetches one target. It yields futures."""
    exchange = Exchange(target, event_loop.limits)
    while True:
        try:
            with event_loop.watch(exchange) as sock:
                connect(sock, exchange)
                # Send.
                sent = None
                while sent is not Sent.ALL:
                    unsent = exchange.unsent()
                    sent = exchange.sent(result_of(sock.send, unsent))
                    if sent is Sent.MUST_WAIT:
                        yield sock.writable()
                        # Connected *or failed*: the socket knows which.
                        number = sock.getsockopt(SOL_SOCKET, SO_ERROR)
                        exchange.socket_error(number)
                # Receive.
                page = None
                while page is None:
                    yield sock.readable()
                    page = receive_chunks(sock, exchange)
        except OSError as error:
            page = error
        if not exchange.try_next_address(page):
            event_loop.report(exchange.finish(index, page))
            return


def connect(sock, exchange):
    """Begins to connect. Nobody waits for it: the first `send` finds out
    whether the connection is there. On loopback it mostly is."""
    exchange.connected(result_of(sock.connect, exchange.address()))


def receive_chunks(sock, exchange):
    """Receives what is there, one chunk after another: the page, or `None`
    where it must wait."""
    received = Received.PART
    while received is Received.PART:
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return None if received is Received.MUST_WAIT else received


class NotDone(Exception):
    """The result was asked for before it was there."""


class Future:
    """A result that will arrive later, and the callbacks to run then. It
    keeps; it does nothing by itself.

    Invariant: a callback that has been added is called exactly once, as
    soon as there is a result, whether the result or the callback came
    first.
    """

    def __init__(self):
        self.is_done = False
        self.value = None
        self.callbacks = []

    def set_result(self, result):
        """Sets the result and calls the callbacks, in the order in which
        they were added."""
        if self.is_done:
            raise RuntimeError("a future is done once")
        self.is_done = True
        self.value = result
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback(self)

    def result(self):
        """The result. Asking too early is an error, not a wait."""
        if not self.is_done:
            raise NotDone
        return self.value

    def add_done_callback(self, callback):
        """Has something called when the result is there: at once, if it is
        there already."""
        if self.is_done:
            callback(self)
        else:
            self.callbacks.append(callback)


class Task:
    """Runs a generator to its end: whenever the future that the generator
    has yielded is done, the task sends in its result. It resumes; it keeps
    no result and knows no sockets.

    Invariant: between two steps, the task is a callback of exactly one
    future, the one that its generator has yielded last. That future keeps
    the task alive.
    """

    def __init__(self, generator):
        self.generator = generator
        # The first value only gets the generator going: a function that
        # has not begun cannot take in a value, so it is `None`.
        self.step(None)

    def step(self, result):
        # A loop, because a thousand futures in a row that are done already
        # must not become a thousand calls within each other.
        while True:
            try:
                future = self.generator.send(result)
            except StopIteration:
                return
            if not future.is_done:
                future.add_done_callback(self.wake_up)
                return
            result = future.result()

    def wake_up(self, future):
        self.step(future.result())


class EventLoop:
    """Waits for all sockets at once, and sets the result of the futures of
    those that are ready. What runs then, the loop does not know.

    Invariant: each fetch in flight has one socket and one deadline.
    Whenever the loop waits, it also has one future.
    """

    def __init__(self, limits, report):
        self.selector = DefaultSelector()  # the platform's best
        # By socket: the future of the generator that waits.
        self.in_flight = {}
        self.deadlines = Deadlines(limits.deadline)
        self.limits = limits
        self.report = report

    def run(self, targets, start):
        """Runs until all targets are started and nothing is in flight.

        1. Start fetches while there is room for them, and no deadline
           passes meanwhile.
        2. Wait until a socket is ready or a deadline passes.
        3. Set the result of every socket that is ready.
        4. Set the result of every socket whose deadline has passed.
        """
        while True:
            # 1. After the whole batch of events, not one by one: new
            #    fetches start together.
            while self.has_room() and (found := next(targets, None)):
                start(*found, self)
            if not self.in_flight:
                return

            # 2. The one place where the program sleeps.
            ready = self.selector.select(self.deadlines.time_left())

            # 3. Before the deadlines: what has arrived in time counts.
            for key, _ in ready:
                self.set_result(key.fileobj)

            # 4. Each until its fetch ends: it may try once more.
            while (sock := self.deadlines.first_passed()) is not None:
                self.set_result(sock)

    def has_room(self):
        return (len(self.in_flight) < self.limits.concurrency
                and self.deadlines.first_passed() is None)

    def watch(self, exchange):
        """Opens the socket of a fetch that begins: from now on the fetch is
        in flight, until the socket is closed."""
        sock = Socket(exchange.family())
        sock.setblocking(False)
        sock.event_loop = self
        self.in_flight[sock] = None
        self.deadlines.push(sock, exchange.started)
        return sock

    def future(self, sock, interest):
        """A future that is done when the socket is ready, or when the
        deadline has passed."""
        self.selector.register(sock, interest)
        self.in_flight[sock] = Future()
        return self.in_flight[sock]

    def set_result(self, sock):
        # This selector reports a socket until it is unregistered.
        self.selector.unregister(sock)
        future, self.in_flight[sock] = self.in_flight[sock], None
        future.set_result(None)  # its callback registers the next one

    def forget(self, sock):
        if self.in_flight.pop(sock):
            self.selector.unregister(sock)
        self.deadlines.remove(sock)


class Socket(socket.socket):
    """A socket of a fetch in flight."""

    def readable(self):
        return self.event_loop.future(self, EVENT_READ)

    def writable(self):
        return self.event_loop.future(self, EVENT_WRITE)

    def close(self):
        self.event_loop.forget(self)
        super().close()


if __name__ == "__main__":
    main({"generator-task": crawl})
