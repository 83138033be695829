"""Ten threads count to 100,000 together, without a lock and with one.

To add one to a shared number takes three steps: read it, add, write it
back. Between any two of them the interpreter may let another thread run,
which then reads the same old number; both write back the same new one, and
one of two updates is lost. Here `sleep(0)` lets another thread run at the
worst moment. Without it, CPython from version 3.10 on hardly ever switches
inside `counter += 1`, but it does not promise that.

Run it with `python3 crates/03-thread-pool/examples/lost_update.py`.
"""

import time
from threading import Lock, Thread

THREADS = 10
TIMES = 10_000

counter = 0
lock = Lock()


def add_without_lock():
    global counter
    for _ in range(TIMES):
        old = counter
        time.sleep(0)
        counter = old + 1


def add_with_lock():
    global counter
    for _ in range(TIMES):
        with lock:
            counter += 1


def count(action):
    """What the counter comes to, on ten threads."""
    global counter
    counter = 0
    threads = [Thread(target=action) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counter


if __name__ == "__main__":
    without, locked = count(add_without_lock), count(add_with_lock)
    whole = THREADS * TIMES
    print(f"without a lock: {without:7}   {whole - without} updates lost")
    print(f"with a lock:    {locked:7}   {whole - locked} updates lost")
