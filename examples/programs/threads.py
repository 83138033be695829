#!/usr/bin/env python3
"""A stage in Python: one thread for each fetch in flight. docs/protocol.md explains the protocol.

    stage-runner --program 'python-threads=python3 examples/programs/threads.py' --stage all
"""

import hashlib
import http.client
import json
import resource
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

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


class Failed(Exception):
    """A kind of error and a sentence for people."""


def fetch(index, target, outcome):
    deadline = outcome["started_us"] + limits["deadline_us"]

    def remaining():
        left = (deadline - now()) / 1e6
        if left <= 0:
            raise TimeoutError
        return left

    host, _, port = target["address"].rpartition(":")
    try:
        sock = socket.create_connection((host.strip("[]"), int(port)), remaining())
    except TimeoutError:
        raise
    except OSError as error:
        raise Failed("connect", str(error))
    with sock:
        outcome["connected_us"] = now()
        request = f"GET {target['path']} HTTP/1.1\r\nHost: {target['host']}\r\nConnection: close\r\n\r\n"
        sock.sendall(request.encode("ascii"))
        outcome["sent_us"] = now()

        # The deadline is for each wait here: a server that drips gets around it. The stages in Rust do better.
        sock.settimeout(remaining())
        if not sock.recv(1, socket.MSG_PEEK):
            raise Failed("empty-reply", "the server closed the connection without an answer")
        outcome["first_byte_us"] = now()
        response = http.client.HTTPResponse(sock)
        response.begin()
        body = response.read(limits["max_body_bytes"] + 1)
        if len(body) > limits["max_body_bytes"]:
            raise Failed("too-large", f"the body has more than {limits['max_body_bytes']} bytes")
        if response.length:
            raise Failed("truncated", f"{response.length} bytes of the body are missing")
        outcome["status"] = response.status
        outcome["bytes"] = len(body)
        outcome["location"] = response.getheader("Location")
        outcome["content_encoding"] = response.getheader("Content-Encoding")
        if job["digest"]:
            outcome["sha256"] = hashlib.sha256(body).hexdigest()


def crawl_one(index, target):
    outcome = {
        "target": index, "by": threading.current_thread().name,
        "status": None, "bytes": None, "error": None,
        "started_us": now(), "connected_us": None, "sent_us": None, "first_byte_us": None,
    }
    try:
        fetch(index, target, outcome)
    except Failed as error:
        kind, message = error.args
        outcome["error"] = {"kind": kind, "message": message}
    except TimeoutError:
        outcome["error"] = {"kind": "timeout", "message": "the deadline passed"}
    except ConnectionResetError as error:
        kind = "truncated" if outcome["first_byte_us"] else "reset"
        outcome["error"] = {"kind": kind, "message": str(error)}
    except http.client.IncompleteRead as error:
        outcome["error"] = {"kind": "truncated", "message": str(error)}
    except (http.client.HTTPException, ValueError) as error:
        outcome["error"] = {"kind": "malformed", "message": str(error) or type(error).__name__}
    except OSError as error:
        outcome["error"] = {"kind": "io", "message": str(error)}
    outcome["finished_us"] = now()
    tell({"outcome": outcome})


def name_thread():
    # `thread 1`, `thread 2`, …: who ran the fetch, as the protocol calls it.
    with say:
        name_thread.number += 1
        threading.current_thread().name = f"thread {name_thread.number}"


name_thread.number = 0
before = resource.getrusage(resource.RUSAGE_SELF)
with ThreadPoolExecutor(limits["concurrency"], initializer=name_thread) as pool:
    list(pool.map(crawl_one, range(len(job["targets"])), job["targets"]))
after = resource.getrusage(resource.RUSAGE_SELF)
tell({"usage": {
    "wall_us": now(),
    "user_us": int((after.ru_utime - before.ru_utime) * 1e6),
    "system_us": int((after.ru_stime - before.ru_stime) * 1e6),
    "threads": 1 + name_thread.number,
    "voluntary_switches": after.ru_nvcsw - before.ru_nvcsw,
    "involuntary_switches": after.ru_nivcsw - before.ru_nivcsw,
}})
