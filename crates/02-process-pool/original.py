"""Chapter 2: ten processes, each asleep in a call of its own.

A fixed number of worker processes each run `fetch` of chapter 1, unchanged.
A call puts only its own process to sleep, and the system runs another one.
Ten pages at once take the longest wait, and each process is a whole
interpreter that has to be started.

The start method is `spawn`: a worker is this program started again. It is
the only method that all systems have, and it copies nothing by accident.
(`fork` copies the memory of the parent with the locks that its other
threads hold just then; nobody will ever release those copies.)

One promise of the Rust stage is not kept: when a worker dies, Python's pool
is broken, so all fetches that have not ended are lost, not one.
"""

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

sys.path.append(sys.path[0] + "/../crawl")
from crawl import Outcome, chapter, main

fetch = chapter("01-blocking").fetch

# Windows cannot wait for more processes at a time. Elsewhere they would be
# slow to start: each takes about 10 MB for itself.
MAX_WORKERS = 61


def crawl(targets, limits, done):
    """Fetches the targets on `limits.concurrency` processes, and hands each
    outcome to `done` as it comes."""
    workers = min(limits.concurrency, len(targets) or 1, MAX_WORKERS)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        fetches = {
            pool.submit(work, index, target, limits): index
            for index, target in enumerate(targets)
        }
        try:
            for future in as_completed(list(fetches)):
                done(outcome_of(future, fetches.pop(future)))
        finally:
            # If this ends early, the pool is not to fetch the rest.
            for future in fetches:
                future.cancel()


def outcome_of(future, index):
    try:
        return future.result()
    except BrokenProcessPool as error:
        return Outcome.not_fetched(index, "worker-died", str(error))


def work(index, target, limits):
    """Runs in a worker. The target and the outcome travel through pipes."""
    outcome = fetch(index, target, limits)
    name = multiprocessing.current_process().name  # SpawnProcess-3
    outcome.by = "process " + name.rpartition("-")[2]
    return outcome


if __name__ == "__main__":
    main({"process-pool": crawl})
