"""Exercise 2a: a worker dies.

Wrong: all workers share one queue. Nobody sees that a worker has died, and
its page never comes.
"""

import multiprocessing
import time

from plumbing import get, main, tell_error, tell_page

context = multiprocessing.get_context("spawn")


def crawl(targets, limits):
    todo, outcomes = context.Queue(), context.Queue()
    for target in targets:
        todo.put(target)
    for _ in range(limits.concurrency):
        todo.put(None)
        context.Process(
            target=work, args=(todo, outcomes), daemon=True).start()
    for _ in targets:
        target, started, by, result = outcomes.get()
        if isinstance(result, OSError):
            tell_error(target, started, "io", result, by)
        else:
            tell_page(target, started, *result, by=by)


def work(todo, outcomes):
    name = multiprocessing.current_process().name  # SpawnProcess-3
    by = "process " + name.rpartition("-")[2]
    for target in iter(todo.get, None):
        started = time.monotonic()
        try:
            result = get(target)
        except OSError as error:
            result = error
        outcomes.put((target, started, by, result))


if __name__ == "__main__":
    main(crawl)
