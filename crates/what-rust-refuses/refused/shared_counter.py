"""Ten threads add one to a plain number."""

import threading

counter = 0
# All threads have read the number before one of them writes it. The
# system may choose this order by itself at any time; the barrier chooses
# it every time.
all_have_read = threading.Barrier(10)


def add_one():
    global counter
    old = counter
    all_have_read.wait()
    counter = old + 1


threads = [threading.Thread(target=add_one) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"10 threads added 1: {counter}")
