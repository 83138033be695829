"""The same mistake in Python, with generators as in chapter 6: see
README.md. To be short, it has no deadlines."""

import selectors
import socket
import time

from plumbing import main, parse, tell_error, tell_page

selector = selectors.DefaultSelector()


class Future:
    """A result that will come later, and whom to call then."""

    def __init__(self):
        self.is_done = False
        self.callbacks = []

    def set_result(self):
        self.is_done = True
        for callback in self.callbacks:
            callback()

    def add_done_callback(self, callback):
        if self.is_done:
            return callback()
        self.callbacks.append(callback)


class Task:
    """Runs a generator: goes on when the future that it yields is done."""

    def __init__(self, generator):
        self.generator = generator
        self.step()

    def step(self):
        try:
            future = next(self.generator)
        except StopIteration:
            return
        future.add_done_callback(self.step)


def crawl(targets, limits):
    cookie, left, in_flight = Future(), list(targets), []
    while True:
        while left and len(in_flight) < limits.concurrency:
            Task(fetch(left.pop(0), cookie, in_flight))
        if not selector.get_map():
            return  # nobody waits for a socket any more
        for key, _ in selector.select():
            selector.unregister(key.fileobj)
            key.data.set_result()


def fetch(target, cookie, in_flight):
    started = time.monotonic()
    in_flight.append(target)
    try:
        with socket.create_connection(target.address) as sock:
            if target.index > 0:
                yield cookie
            sock.sendall(target.request())
            data = b""
            while (page := parse(data)) is None:
                readable = Future()
                selector.register(sock, selectors.EVENT_READ, readable)
                yield readable
                chunk = sock.recv(65536)
                if not chunk:
                    raise ConnectionError("the connection ended too early")
                data += chunk
        tell_page(target, started, *page)
    except (OSError, ValueError) as error:
        tell_error(target, started, "io", error)
    finally:
        in_flight.remove(target)
    if target.index == 0:
        cookie.set_result()


main(crawl)
