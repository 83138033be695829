"""Four waits and four sums, one after another and on four threads."""

import json
import sys
import threading
import time


def wait():
    time.sleep(0.2)  # it gives back the GIL, as recv does


def add_up():
    total = 0
    for number in range(1_500_000):
        total += number
    return total


def one_after_another(work):
    for _ in range(4):
        work()


def on_four_threads(work):
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measured(way, work):
    wall, cpu = time.perf_counter(), time.process_time()
    way(work)
    return time.perf_counter() - wall, time.process_time() - cpu


if not getattr(sys, "_is_gil_enabled", lambda: True)():
    print("this Python has no GIL", file=sys.stderr)
    sys.exit(77)

numbers = {}
for name, work in ("wait", wait), ("add", add_up):
    numbers[f"{name}_in_turn"], _ = measured(one_after_another, work)
    wall, cpu = measured(on_four_threads, work)
    numbers[f"{name}_on_threads"], numbers[f"{name}_cpu"] = wall, cpu
print(json.dumps(numbers))
