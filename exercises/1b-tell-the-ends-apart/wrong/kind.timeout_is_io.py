"""Exercise 1b: tell the ends apart.

Wrong: a passed deadline has no kind of its own.
"""

import socket
import time

from plumbing import main, parse, tell_error, tell_page


def crawl(targets, limits):
    for target in targets:
        fetch(target, limits)


def fetch(target, limits):
    """Fetches one target, asleep until it is done."""
    started = time.monotonic()
    data = bytearray()
    try:
        status, body = download(target, started + limits.deadline, data)
        tell_page(target, started, status, body)
    except Exception as error:
        tell_error(target, started, kind_of(error, data), error)


def kind_of(error, data):
    """The kind of an error, as the protocol calls it. `data` is what had
    come of the answer."""
    if isinstance(error, ValueError):
        return "malformed"
    if isinstance(error, ConnectionRefusedError):
        return "connect"
    if isinstance(error, EOFError):
        return "truncated" if data else "empty-reply"
    if isinstance(error, ConnectionError):
        return "truncated" if data else "reset"
    return "io"


def download(target, deadline, data):
    left = time_left(deadline)
    with socket.create_connection(target.address, left) as sock:
        sock.sendall(target.request())
        return receive(sock, deadline, data)


def receive(sock, deadline, data):
    """Sleeps until bytes are there, again and again, until the page is
    complete."""
    page = None
    while page is None:
        sock.settimeout(time_left(deadline))
        chunk = sock.recv(65536)
        if not chunk:
            raise EOFError("the connection ended too early")
        data += chunk
        page = parse(data)
    return page


def time_left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        raise socket.timeout("the deadline passed")
    return left


if __name__ == "__main__":
    main(crawl)
