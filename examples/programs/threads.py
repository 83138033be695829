#!/usr/bin/env python3
"""A stage in Python: one thread for each fetch in flight. docs/protocol.md explains the protocol.

    stage-runner --program "python-threads=python3 examples/programs/threads.py" --stage all

On Windows, Python is called `python` or `py`; the rest is the same in cmd.exe and PowerShell.
"""

import hashlib
import http.client
import io
import json
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

try:
    import resource
except ImportError:  # Windows does not count switches
    resource = None

job = json.load(sys.stdin)
limits = job["limits"]
began = time.monotonic()
say = threading.Lock()


def now():
    """Microseconds since the crawl began."""
    return int((time.monotonic() - began) * 1e6)


def tell(line):
    with say:
        print(json.dumps(line), flush=True)


def short(text):
    """What a server sends can be longer than a line of the protocol may be."""
    return text and text[:1000]


class Failed(Exception):
    """A kind of error and a sentence for people."""


class Received(io.RawIOBase):
    """The bytes of a socket, where each wait ends at the deadline of the whole fetch."""

    def __init__(self, sock, remaining):
        self.sock, self.remaining = sock, remaining

    def makefile(self, mode):
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        self.sock.settimeout(self.remaining())
        return self.sock.recv_into(buffer)


def fetch(target, outcome):
    deadline = outcome["started_us"] + limits["deadline_us"]

    def remaining():
        left = (deadline - now()) / 1e6
        if left <= 0:
            raise TimeoutError
        return left

    # One address after the other, until one takes the connection.
    for address in target.get("addresses") or [target["address"]]:
        host, _, port = address.rpartition(":")
        try:
            sock = socket.create_connection((host.strip("[]"), int(port)), remaining())
            break
        except TimeoutError:
            raise
        except OSError as error:
            refusal = f"cannot connect to {address}: {error}"
    else:
        raise Failed("connect", refusal)
    with sock:
        outcome["connected_us"] = now()
        request = f"GET {target['path']} HTTP/1.1\r\nHost: {target['host']}\r\nConnection: close\r\n\r\n"
        sock.sendall(request.encode("ascii"))
        outcome["sent_us"] = now()

        sock.settimeout(remaining())
        if not sock.recv(1, socket.MSG_PEEK):
            raise Failed("empty-reply", "the server closed the connection without an answer")
        outcome["first_byte_us"] = now()
        response = http.client.HTTPResponse(Received(sock, remaining))
        response.begin()
        while response.status in range(100, 200) and response.status != 101:
            # An interim (1xx) answer: the final one comes after it, on the same connection.
            response.headers = None  # so that begin() reads the next head
            response.begin()
        if response.status not in range(200, 600):
            raise Failed("malformed", f"status {response.status} is not one of a page")
        body = response.read(limits["max_body_bytes"] + 1)
        if len(body) > limits["max_body_bytes"]:
            raise Failed("too-large", f"the body has more than {limits['max_body_bytes']} bytes")
        if response.length:
            raise Failed("truncated", f"{response.length} bytes of the body are missing")
        outcome["status"] = response.status
        outcome["bytes"] = len(body)
        outcome["location"] = short(response.getheader("Location"))
        outcome["content_encoding"] = short(response.getheader("Content-Encoding"))
        if job["digest"]:
            outcome["sha256"] = hashlib.sha256(body).hexdigest()


def crawl_one(index, target):
    outcome = {
        "target": index, "by": threading.current_thread().name,
        "status": None, "bytes": None, "error": None,
        "started_us": now(), "connected_us": None, "sent_us": None, "first_byte_us": None,
    }

    def failed(kind, message):
        outcome["error"] = {"kind": kind, "message": short(message)}

    try:
        fetch(target, outcome)
    except Failed as error:
        failed(*error.args)
    except TimeoutError:
        failed("timeout", "the deadline passed")
    except ConnectionResetError as error:
        failed("truncated" if outcome["first_byte_us"] else "reset", str(error))
    except http.client.IncompleteRead as error:
        failed("truncated", str(error))
    except (http.client.HTTPException, ValueError) as error:
        failed("malformed", str(error) or type(error).__name__)
    except Exception as error:  # one page must not take the others with it
        failed("io", str(error) or type(error).__name__)
    outcome["finished_us"] = now()
    tell({"outcome": outcome})


def name_thread():
    # `thread 1`, `thread 2`, …: who ran the fetch, as the protocol calls it.
    with say:
        name_thread.number += 1
        threading.current_thread().name = f"thread {name_thread.number}"


def usage(before):
    """What the crawl cost, as far as this system tells."""
    after, then = os.times(), before[0]
    cost = {
        "wall_us": now(),
        "user_us": int((after.user - then.user) * 1e6),
        "system_us": int((after.system - then.system) * 1e6),
        "threads": 1 + name_thread.number,
    }
    if resource:
        after, then = resource.getrusage(resource.RUSAGE_SELF), before[1]
        cost["user_us"] = int((after.ru_utime - then.ru_utime) * 1e6)
        cost["system_us"] = int((after.ru_stime - then.ru_stime) * 1e6)
        cost["voluntary_switches"] = after.ru_nvcsw - then.ru_nvcsw
        cost["involuntary_switches"] = after.ru_nivcsw - then.ru_nivcsw
    return cost


name_thread.number = 0
before = os.times(), resource and resource.getrusage(resource.RUSAGE_SELF)
with ThreadPoolExecutor(limits["concurrency"], initializer=name_thread) as pool:
    list(pool.map(crawl_one, range(len(job["targets"])), job["targets"]))
tell({"usage": usage(before)})
