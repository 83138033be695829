"""Chapter 3: ten threads, each asleep in a call of its own.

A fixed number of worker threads each run `fetch` of chapter 1, unchanged.
A call puts only its own thread to sleep, and the system runs another one.
Ten pages at once take the longest wait.

CPython lets one thread at a time run Python code: the one that holds the
interpreter's lock, the GIL. A thread that sleeps in `recv` has released it.
So ten threads wait in parallel, and compute in turns. (A free-threaded
build has no GIL; they exist from Python 3.13 on.)

The GIL does not protect our data: the interpreter may pass it on between
any two steps of a line. What two threads touch needs a lock of its own.
Here that is one thing only, the list of targets.
"""

import sys
from queue import Queue
from threading import Lock, Thread

sys.path.append(sys.path[0] + "/../crawl")
from crawl import Outcome, chapter, main

fetch = chapter("01-blocking").fetch


def crawl(targets, limits, done):
    """Fetches the targets on `limits.concurrency` threads, and hands each
    outcome to `done`, on the caller's thread, as it comes."""
    targets_left = enumerate(targets)
    lock = Lock()

    def next_target():
        # The lock is held for this only, not while the target is fetched.
        with lock:
            return next(targets_left, None)

    workers = min(limits.concurrency, len(targets))
    # A worker whose outcome nobody takes yet waits: pages do not pile up.
    outcomes = Queue(workers)
    for number in range(1, workers + 1):
        by = f"thread {number}"
        worker = Thread(
            target=work, name=by, daemon=True,
            args=(by, next_target, limits, outcomes))
        try:
            worker.start()
        except RuntimeError as error:
            if number == 1:
                raise OSError(str(error)) from error
            break  # with fewer threads than asked for, these do the work
    for _ in targets:
        done(outcomes.get())


def work(by, next_target, limits, outcomes):
    """Runs on a worker's thread."""
    for index, target in iter(next_target, None):
        try:
            outcome = fetch(index, target, limits)
        except Exception as error:  # costs one fetch, not the thread
            outcome = Outcome.not_fetched(index, "worker-died", repr(error))
        outcome.by = by
        outcomes.put(outcome)


if __name__ == "__main__":
    main({"thread-pool": crawl})
