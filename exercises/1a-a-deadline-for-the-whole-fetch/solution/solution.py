"""Exercise 1a: a deadline for the whole fetch.

The deadline is one moment, taken when the fetch begins. Before each call,
the socket's time-out becomes what is left until then.
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
        status, body = download(target, started + limits.deadline)
        tell_page(target, started, status, body)
    except socket.timeout as error:
        tell_error(target, started, "timeout", error)
    except OSError as error:
        tell_error(target, started, "io", error)


def download(target, deadline):
    left = time_left(deadline)
    with socket.create_connection(target.address, left) as sock:
        sock.settimeout(time_left(deadline))
        sock.sendall(target.request())
        return receive(sock, deadline)


def receive(sock, deadline):
    """Sleeps until bytes are there, again and again, until the page is
    complete."""
    data, page = b"", None
    while page is None:
        sock.settimeout(time_left(deadline))
        chunk = sock.recv(65536)
        if not chunk:
            raise ConnectionError("the connection ended too early")
        data += chunk
        page = parse(data)
    return page


def time_left(deadline):
    left = deadline - time.monotonic()
    if left <= 0:
        # A time-out of 0 would mean: do not wait at all.
        raise socket.timeout("the deadline passed")
    return left


if __name__ == "__main__":
    main(crawl)
