"""What the exercises share: the job comes from standard input, and each
outcome goes to standard output as a line of JSON (docs/protocol.md).

It needs the standard library only, from Python 3.8 on.
"""

import json
import re
import socket
import sys
import time
from threading import Lock
from typing import NamedTuple

BEGAN = time.monotonic()
one_line_at_a_time = Lock()


class Target(NamedTuple):
    """What to fetch."""

    index: int  # its place in the job, from 0
    host: str
    path: str
    address: tuple  # a numeric host and a port

    def request(self):
        # `Connection: close`: each page has a connection of its own.
        return (
            f"GET {self.path} HTTP/1.1\r\nHost: {self.host}\r\n"
            "Connection: close\r\n\r\n"
        ).encode("ascii")


class Limits(NamedTuple):
    """What a crawl may use."""

    concurrency: int  # fetches in flight
    deadline: float  # seconds for one whole fetch, the connecting included


def main(crawl):
    """Runs `crawl(targets, limits)` on the job."""
    job = json.load(sys.stdin)
    targets = []
    for index, each in enumerate(job["targets"]):
        host, _, port = each["address"].rpartition(":")
        address = host.strip("[]"), int(port)
        targets.append(Target(index, each["host"], each["path"], address))
    limits = job["limits"]
    deadline = limits["deadline_us"] / 1e6
    crawl(targets, Limits(limits["concurrency"], deadline))


def tell_page(target, started, status, body, by="main"):
    """Tells that a page is there. `started` is a `time.monotonic()`, and
    `by` says who waited: "main", "thread 2" or "process 2"."""
    page = {"status": status, "bytes": len(body), "error": None}
    tell(target, started, by, page)


def tell_error(target, started, kind, message, by="main"):
    """Tells that there is no page. `kind` is "connect", "reset",
    "empty-reply", "truncated", "timeout", "malformed", "worker-died" or
    "io"."""
    error = {"kind": kind, "message": str(message)}
    tell(target, started, by, {"status": None, "error": error})


def tell(target, started, by, result):
    # Microseconds since the crawl began.
    times = {"started_us": int((started - BEGAN) * 1e6),
             "finished_us": int((time.monotonic() - BEGAN) * 1e6)}
    outcome = {"target": target.index, "by": by, **result, **times}
    with one_line_at_a_time:
        print(json.dumps({"outcome": outcome}), flush=True)


def parse(data):
    """The status and the body of an answer that is whole; None as long as
    bytes are missing; a ValueError if it is not HTTP."""
    if not data.startswith(b"HTTP/1."[:len(data)]):
        raise ValueError(f"not HTTP: {bytes(data[:20])!r}")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    status = re.match(rb"HTTP/1\.[01] ([2-5]\d\d)\b", head)
    length = re.search(rb"(?im)^content-length: *(\d+)\r?$", head)
    if not status or not length:
        raise ValueError(f"no status or no length: {bytes(head)!r}")
    whole = len(body) >= int(length[1])
    return (int(status[1]), body[:int(length[1])]) if whole else None


def get(target):
    """Fetches a page, asleep until it is there: its status and its body.
    It has no deadline. All that can go wrong is an `OSError`, or a
    `ValueError` of `parse`."""
    with socket.create_connection(target.address) as sock:
        sock.sendall(target.request())
        data, page = b"", None
        while page is None:
            chunk = sock.recv(65536)
            if not chunk:
                raise ConnectionError("the connection ended too early")
            data += chunk
            page = parse(data)
    return page
