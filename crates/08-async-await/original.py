"""Chapter 8: async and await, on an executor and a reactor of our own.

The code of chapter 1, with `await` where it waits. Calling an `async def`
runs nothing: it makes a coroutine, which stops wherever something below it
has to wait. There, `WaitFor` registers the socket with the `Reactor` and
yields itself, through all the `await`s, to the `Executor`, which gives it a
waker. When the socket is ready, the waker puts the coroutine into a queue,
and the executor resumes it: *wake, then ask again*.

In chapter 6 the Task sends a value in; here a wake carries nothing, and the
coroutine asks. So a waker may be used too often, and a coroutine can be
cancelled by closing it. The language brings neither an executor nor a
reactor; `asyncio`, in chapter 9, is a library that does.
"""

import socket
import sys
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from socket import SO_ERROR, SOL_SOCKET

sys.path.append(sys.path[0] + "/../crawl")
from crawl import CHUNK_BYTES, Deadlines, Exchange, Received, Sent
from crawl import main, result_of


def crawl(targets, limits, done):
    """Fetches the targets, and hands each outcome to `done` as it comes."""
    reactor = Reactor(limits)
    fetches = (fetch(index, target, reactor)
               for index, target in enumerate(targets))
    Executor(reactor).run(fetches, limits.concurrency, done)


async def fetch(index, target, reactor):
    """Fetches one target."""
    exchange = Exchange(target, reactor.limits)
    while True:
        try:
            page = await download(exchange, reactor)
        except OSError as error:
            page = error
        if not exchange.try_next_address(page):
            return exchange.finish(index, page)


async def download(exchange, reactor):
    with reactor.watch(exchange) as sock:
        connect(sock, exchange)
        await send(sock, exchange)
        return await receive(sock, exchange)


def connect(sock, exchange):
    """Begins to connect. Nobody waits for it: the first `send` finds out
    whether the connection is there. On loopback it mostly is."""
    exchange.connected(result_of(sock.connect, exchange.address()))


async def send(sock, exchange):
    """Sends the request."""
    sent = None
    while sent is not Sent.ALL:
        sent = exchange.sent(result_of(sock.send, exchange.unsent()))
        if sent is Sent.MUST_WAIT:
            await sock.writable()
            # Connected *or failed*: the socket knows which.
            exchange.socket_error(sock.getsockopt(SOL_SOCKET, SO_ERROR))


async def receive(sock, exchange):
    """Receives until the page is complete."""
    page = None
    while page is None:
        await sock.readable()
        page = receive_chunks(sock, exchange)
    return page


def receive_chunks(sock, exchange):
    """Receives what is there, one chunk after another: the page, or `None`
    where it must wait."""
    received = Received.PART
    while received is Received.PART:
        received = exchange.received(result_of(sock.recv, CHUNK_BYTES))
    return None if received is Received.MUST_WAIT else received


class Reactor:
    """Knows which task waits for which socket, and until when; wakes it.

    Invariant: a task that waits is woken once, by its socket or by its
    deadline. It finds out by itself which of the two it was.
    """

    def __init__(self, limits):
        self.selector = DefaultSelector()  # the platform's best
        self.deadlines = Deadlines(limits.deadline)
        self.limits = limits

    def wait(self, sleep):
        """Waits until a socket is ready, if it may `sleep`, and wakes
        whoever waits for it."""
        timeout = self.deadlines.time_left() if sleep else 0
        for key, _ in self.selector.select(timeout):
            key.data.end()

    def is_overdue(self):
        """Whether somebody waits past the deadline."""
        return self.deadlines.first_passed() is not None

    def wake_overdue(self):
        """Wakes whoever waits past the deadline."""
        while (sock := self.deadlines.first_passed()) is not None:
            self.deadlines.remove(sock)
            sock.is_overdue = True
            if sock.wait_for:
                sock.wait_for.end()

    def watch(self, exchange):
        """Opens the socket of a fetch that begins. Its deadline runs until
        the socket is closed."""
        sock = Socket(exchange.family())
        sock.setblocking(False)
        sock.reactor = self
        self.deadlines.push(sock, exchange.started)
        return sock


class Socket(socket.socket):
    """A socket that tasks can wait for."""

    # The wait that is going on.
    wait_for = None
    # The deadline has passed: all later waits end at once.
    is_overdue = False

    def readable(self):
        """Waits until there is something to receive, or until the deadline
        has passed."""
        return WaitFor(self, EVENT_READ)

    def writable(self):
        """Waits until there is room to send, until the connection is made
        or has failed, or until the deadline has passed."""
        return WaitFor(self, EVENT_WRITE)

    def close(self):
        self.reactor.deadlines.remove(self)
        super().close()


class WaitFor:
    """The innermost awaitable: all waiting ends here."""

    def __init__(self, sock, interest):
        self.sock = sock
        self.interest = interest
        self.is_over = sock.is_overdue
        self.wake = None  # the waker that the executor leaves

    def __await__(self):
        if self.is_over:
            return
        selector = self.sock.reactor.selector
        selector.register(self.sock, self.interest, self)
        self.sock.wait_for = self
        try:
            while not self.is_over:
                yield self
        finally:
            # Closing a coroutine cancels it: nothing stays registered.
            self.sock.wait_for = None
            selector.unregister(self.sock)

    def end(self):
        """The socket is ready, or its deadline has passed."""
        self.is_over = True
        self.wake()


class Executor:
    """Runs coroutines as tasks: resumes those that have been woken, and
    sleeps when none has.

    Invariant: a task is resumed once when it starts. After that it is
    resumed only if it was woken since the last time; many wakes count as
    one. (A wake from another thread would also have to end the sleep. It
    would need a pair of sockets for that; nobody does it here.)
    """

    def __init__(self, reactor):
        self.reactor = reactor
        self.tasks = set()
        # The tasks that have been woken: a dictionary keeps their order,
        # and has each of them once.
        self.queue = {}

    def run(self, coroutines, most, done):
        """Runs all coroutines as tasks, up to `most` at a time. What each
        returns goes to `done`.

        1. Start tasks while there is room for them, and no deadline passes
           meanwhile.
        2. Sleep in the reactor until a socket is ready, a deadline passes
           or a task has been woken.
        3. Resume every task that has been woken.
        4. Wake every task whose deadline has passed, and resume those.
        """
        while True:
            # 1. After the whole batch of events, not one by one: new tasks
            #    start together.
            while (len(self.tasks) < most
                   and not self.reactor.is_overdue()
                   and (task := next(coroutines, None))):
                self.tasks.add(task)
                self.resume(task, done)
            if not self.tasks:
                return

            # 2. The one place where the program sleeps.
            self.reactor.wait(sleep=not self.queue)

            # 3. Before the deadlines: what has arrived in time counts.
            self.resume_woken(done)

            # 4.
            self.reactor.wake_overdue()
            self.resume_woken(done)

    def wake(self, task):
        self.queue[task] = None

    def resume_woken(self, done):
        # Those that there are now: a task that wakes itself again and again
        # must not keep the others from their sockets.
        woken, self.queue = self.queue, {}
        for task in woken:
            self.resume(task, done)

    def resume(self, task, done):
        if task not in self.tasks:
            return  # a waker may be used after the end of its task
        try:
            wait_for = task.send(None)
        except StopIteration as end:
            self.tasks.remove(task)
            done(end.value)
        else:
            wait_for.wake = partial(self.wake, task)


if __name__ == "__main__":
    main({"async-await": crawl})
