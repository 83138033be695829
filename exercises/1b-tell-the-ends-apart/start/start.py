"""Exercise 1b: tell the ends apart.

One page after another, each with a deadline for the whole fetch. A fetch
can end without a page in many ways, and all of them are told as "io".
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
    except Exception as error:
        tell_error(target, started, "io", error)


def download(target, deadline):
    left = time_left(deadline)
    with socket.create_connection(target.address, left) as sock:
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
