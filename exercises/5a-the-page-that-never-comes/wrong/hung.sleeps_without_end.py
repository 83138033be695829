"""Exercise 5a: the page that never comes.

Wrong: it looks at the deadlines, and sleeps until a socket is ready.
"""

import socket
import time
from itertools import islice
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    selector = DefaultSelector()
    targets_left = iter(targets)
    in_flight = []

    while True:
        # 1. Begin a fetch for each free place.
        free = limits.concurrency - len(in_flight)
        for target in islice(targets_left, free):
            in_flight.append(Fetch(target, limits, selector))
        if not in_flight:
            return
        # 2. Sleep until a socket is ready.
        ready = selector.select()
        # 3. Go on with each fetch whose socket is ready.
        for key, _ in ready:
            key.data.go_on()
        # 4. Give up each fetch whose deadline has passed. A page that has
        # come meanwhile is taken first, in step 3.
        for fetch in in_flight:
            if not fetch.has_ended and time.monotonic() >= fetch.deadline:
                fetch.fail("timeout", f"no page in {limits.deadline:g} s")
        in_flight = [fetch for fetch in in_flight if not fetch.has_ended]


class Fetch:
    """One fetch. Its socket waits for room to send, then for bytes."""

    def __init__(self, target, limits, selector):
        self.target = target
        self.selector = selector
        self.started = time.monotonic()
        self.deadline = self.started + limits.deadline
        self.has_ended = False
        self.unsent = target.request()
        self.data = b""
        is_ipv6 = ":" in target.address[0]
        self.sock = socket.socket(
            socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        self.sock.setblocking(False)
        self.sock.connect_ex(target.address)
        selector.register(self.sock, EVENT_WRITE, self)

    def go_on(self):
        """Does what the socket is ready for."""
        try:
            page = self.send() if self.unsent else self.receive()
        except (OSError, ValueError) as error:
            self.fail("io", error)
        else:
            if page:
                tell_page(self.target, self.started, *page)
                self.end()

    def send(self):
        # A socket is writable when it is connected, and when it could not
        # be: then `send` raises the error.
        self.unsent = self.unsent[self.sock.send(self.unsent):]
        if not self.unsent:
            self.selector.modify(self.sock, EVENT_READ, self)

    def receive(self):
        """The page, once it is complete."""
        chunk = self.sock.recv(65536)
        if not chunk:
            raise ConnectionError("the connection ended too early")
        self.data += chunk
        return parse(self.data)

    def fail(self, kind, message):
        tell_error(self.target, self.started, kind, message)
        self.end()

    def end(self):
        self.selector.unregister(self.sock)
        self.sock.close()
        self.has_ended = True


if __name__ == "__main__":
    main(crawl)
