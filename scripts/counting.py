"""Counts what one fetch costs a stage, from outside: system calls by strace, and memory."""

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
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


def bytes_per_fetch(stage, address, waiting, delay="3s"):
    """The median of three: resident memory comes in pages, and some of them by chance. The delay of
    a page must be longer than it takes to start all fetches."""
    return statistics.median(grown(stage, address, waiting, delay) for _ in range(3)) / waiting


def grown(stage, address, waiting, delay):
    run = crawl(stage, address, waiting, waiting, f"?delay={delay}")
    *outcomes, usage = [json.loads(line) for line in run.stdout.splitlines()]
    outcomes = [line["outcome"] for line in outcomes]
    if max(o["started_us"] for o in outcomes) > min(o["finished_us"] for o in outcomes):
        sys.exit(f"{stage[-1]} did not have all {waiting} in flight at once")
    usage = usage["usage"]
    workers = usage.get("workers_private_bytes") or 0
    return usage["peak_rss_bytes"] - usage["start_rss_bytes"] + workers


def crawl(stage, address, pages, in_flight, query):
    """Gives a stage, which is a command, its job as the runner does it."""
    limits = {"concurrency": in_flight, "deadline_us": 30_000_000}
    limits |= {"max_head_bytes": 65_536, "max_body_bytes": 1 << 20}
    paths = [f"/{page % 10_000 + 1}{query}" for page in range(pages)]
    targets = [
        {"url": f"http://{address}{path}", "host": address, "path": path, "address": address}
        for path in paths
    ]
    job = {"protocol": 1, "digest": False, "activity": False, "limits": limits, "targets": targets}
    run = subprocess.run(stage, input=json.dumps(job), capture_output=True, text=True, timeout=120)
    outcomes = [json.loads(line) for line in run.stdout.splitlines()]
    fetched = sum(1 for line in outcomes if line.get("outcome", {}).get("status") == 200)
    if run.returncode or fetched != pages:
        sys.exit(f"{stage[-1]} fetched {fetched} of {pages} pages: {run.stderr[-500:]}")
    return run
