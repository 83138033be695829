"""Counts what one fetch costs a stage, from outside: system calls by strace, and memory."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, PIPE


def prepare(waiting):
    """Ends the script if calls cannot be counted here, or so many sockets cannot be had."""
    script = sys.argv[0].rsplit("/")[-1]
    if not shutil.which("strace"):
        sys.exit(f"{script}: strace is missing, and without it no system call is counted")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < waiting + 100:
        sys.exit(
            f"{script}: {waiting} sockets at once need more than {hard} descriptors (ulimit -Hn)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextmanager
def practice_site(runner, pages):
    """Runs the site, and gives its address."""
    command = [runner, "site", "--delay", "0", "--pages", str(pages)]
    site = subprocess.Popen(command, stdout=PIPE, stderr=DEVNULL, text=True)
    try:
        yield site.stdout.readline().split("http://")[1].split("/")[0].strip()
    finally:
        site.kill()
        site.wait()


def calls_per_fetch(stage, address, few, in_flight, query="", many=None):
    """What more pages add, so that starting and reporting do not count."""
    many = many or 3 * few
    less, more = (traced_calls(stage, address, pages, in_flight, query) for pages in (few, many))
    return (more - less) / (many - few)


def traced_calls(stage, address, pages, in_flight, query):
    with tempfile.NamedTemporaryFile("r", errors="replace") as log:
        strace = ["strace", "-f", "-qq", "-e", "signal=none", "-o", log.name]
        crawl([*strace, *stage], address, pages, in_flight, query)
        return own_calls(log)


def own_calls(log):
    """The calls of all threads but one: the one that looks every 50 ms how much memory there is."""
    calls, sockets, looks = Counter(), set(), set()
    first = None
    for line in log:
        thread, call = line.split(maxsplit=1)
        if call.startswith(("<... ", "+++ ")):
            continue  # the end of a call, or of a thread
        first = first or thread
        calls[thread] += 1
        if call.startswith("socket("):
            sockets.add(thread)
        if "/proc/self/status" in call:
            looks.add(thread)
    watchers = looks - sockets - {first}
    return sum(number for thread, number in calls.items() if thread not in watchers)


def bytes_per_fetch(stage, list_only, address, waiting):
    """What a page that is waited for adds to the memory of a stage, by looks from outside while it
    waits: with `waiting` pages, all in flight, and with one. Of the difference, a part is the list
    of the pages: so much as `list_only`, a stage that waits for one at a time, takes more for the
    longer list.

    The stage's own account, its peak less its start, is not exact enough for some hundred bytes:
    it has the pages of the program's own code that happen to be loaded meanwhile, 190 to 380 KiB in
    pieces of 64 KiB, and what has been fetched and is not yet reported.
    """

    many, one = (
        memory_while_waiting(stage, address, pages, in_flight=pages) for pages in (waiting, 1)
    )
    return (many - one - memory_of_list(tuple(list_only), address, waiting)) / (waiting - 1)


@cache
def memory_of_list(stage, address, pages):
    long, short = (memory_while_waiting(stage, address, count, in_flight=1) for count in (pages, 1))
    return long - short


def memory_while_waiting(stage, address, pages, in_flight):
    """The memory of a stage and its workers as soon as it waits for so many pages."""
    missing = f"{stage[-1]} did not have {in_flight} in flight at once"
    with tempfile.TemporaryFile() as job, tempfile.TemporaryFile() as answer:
        job.write(job_of(address, pages, in_flight, "?delay=30s").encode())
        job.seek(0)
        process = subprocess.Popen(stage, stdin=job, stdout=answer, stderr=DEVNULL)
        try:
            until = time.monotonic() + 60
            while connections(address) < in_flight:
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit(missing)
                time.sleep(0.05)
            time.sleep(0.3)  # who is connected may still have to send its request
            first, *workers = family(process.pid)
            memory = own_memory(first) + sum(own_memory(worker, "Private") for worker in workers)
        finally:
            for pid in family(process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
        if answer.seek(0, os.SEEK_END):
            sys.exit(f"{missing}: an outcome came before")
    while connections(address):
        time.sleep(0.05)  # a worker that was just killed still has them
    return memory


def connections(address):
    """How many there are to this address."""
    port = f":{int(address.rsplit(':')[-1]):04X}"
    lines = [line.split(maxsplit=4) for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(1 for _, _, to, state, _ in lines if to.endswith(port) and state == "01")


def family(pid):
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):  # a thread or a worker that has just ended
                found += [int(child) for child in children.read_text().split()]
    return found


def own_memory(pid, share="Rss"):
    """Bytes that are resident, or of these the ones that no other process shares; without the pages
    of files, such as the program's code, as long as they are as in the file."""
    total, of_a_file = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, size = line.partition(":")
        if " " in name:  # the beginning of a mapping: its addresses, and at the end its file
            path = "".join(line.split(maxsplit=5)[5:])
            of_a_file = path.startswith("/") and not path.startswith(("/dev/", "/memfd:"))
        elif name == "Anonymous" if of_a_file else name.startswith(share):
            total += int(size.split()[0]) * 1024
    return total


def crawl(stage, address, pages, in_flight, query):
    """Gives a stage, which is a command, its job as the runner does it."""
    job = job_of(address, pages, in_flight, query)
    run = subprocess.run(stage, input=job, capture_output=True, text=True, timeout=120)
    outcomes = [json.loads(line) for line in run.stdout.splitlines()]
    fetched = sum(1 for line in outcomes if line.get("outcome", {}).get("status") == 200)
    if run.returncode or fetched != pages:
        sys.exit(f"{stage[-1]} fetched {fetched} of {pages} pages: {run.stderr[-500:]}")
    return run


def job_of(address, pages, in_flight, query):
    limits = {"concurrency": in_flight, "deadline_us": 30_000_000}
    limits |= {"max_head_bytes": 65_536, "max_body_bytes": 1 << 20}
    paths = [f"/{page % 10_000 + 1}{query}" for page in range(pages)]
    targets = [
        {"url": f"http://{address}{path}", "host": address, "path": path, "address": address}
        for path in paths
    ]
    job = {"protocol": 1, "digest": False, "activity": False, "limits": limits, "targets": targets}
    return json.dumps(job)
