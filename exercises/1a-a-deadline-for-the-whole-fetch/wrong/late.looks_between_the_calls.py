"""Exercise 1a: a deadline for the whole fetch.

Wrong: it looks at the clock before each call, which then may take a whole
deadline more.
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
    try:
        status, body = download(target, limits)
        tell_page(target, started, status, body)
    except socket.timeout as error:
        tell_error(target, started, "timeout", error)
    except OSError as error:
        tell_error(target, started, "io", error)


def download(target, limits):
    with socket.create_connection(target.address, limits.deadline) as sock:
        sock.sendall(target.request())
        return receive(sock, time.monotonic() + limits.deadline)


def receive(sock, deadline):
    """Sleeps until bytes are there, again and again, until the page is
    complete."""
    data, page = b"", None
    while page is None:
        if time.monotonic() > deadline:
            raise socket.timeout("the deadline passed")
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError("the connection ended too early")
        data += chunk
        page = parse(data)
    return page


if __name__ == "__main__":
    main(crawl)
