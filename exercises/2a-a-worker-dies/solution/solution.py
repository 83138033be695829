"""Exercise 2a: a worker dies.

Each worker has a pipe of its own, and one target at a time. When a worker
dies, its pipe ends: so its target is known, and only this one is lost. It
is not asked for again, because nobody knows what became of the request.
Another worker is started in the place of the dead one.
"""

import multiprocessing
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
            result = get(target)
        except OSError as error:
            result = error
        pipe.send((by, result))


if __name__ == "__main__":
    main(crawl)
