"""Exercise 2a. Wrong: it opens a connection to see whether the site is there,
closes it, and opens another one for the page.
"""

import multiprocessing
import socket
import time
from multiprocessing.connection import wait

from plumbing import get, main, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    targets_left = iter(targets)
    # The target and the beginning of each fetch, by the worker's pipe.
    fetches = {}

    def next_fetch(pipe):
        target = next(targets_left, None)
        if target is None:
            pipe.close()  # which ends the worker
        else:
            pipe.send(target)
            fetches[pipe] = target, time.monotonic()

    for _ in range(min(limits.concurrency, len(targets))):
        next_fetch(hire())
    while fetches:
        for pipe in wait(list(fetches)):
            target, started = fetches.pop(pipe)
            try:
                by, result = pipe.recv()
            except (EOFError, OSError):
                message = "its process ended before the page was there"
                tell_error(target, started, "worker-died", message)
                pipe.close()
                pipe = hire()
            else:
                tell(target, started, by, result)
            next_fetch(pipe)


def tell(target, started, by, result):
    if isinstance(result, OSError):
        tell_error(target, started, "io", result, by)
    else:
        tell_page(target, started, *result, by=by)


def hire():
    """Starts a worker, and returns our end of its pipe."""
    ours, theirs = context.Pipe()
    context.Process(target=work, args=(theirs,), daemon=True).start()
    # Only the worker holds this end now: its death closes the pipe.
    theirs.close()
    return ours


def work(pipe):
    """Runs in a worker, until our end of its pipe is closed."""
    name = multiprocessing.current_process().name  # SpawnProcess-3
    by = "process " + name.rpartition("-")[2]
    while True:
        try:
            target = pipe.recv()
        except EOFError:
            return
        try:
            socket.create_connection(target.address).close()
            result = get(target)
        except OSError as error:
            result = error
        pipe.send((by, result))


if __name__ == "__main__":
    main(crawl)
