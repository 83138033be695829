"""A loop runs for ever in a thread of its own; this thread goes on.

Often copied without the two last steps: stop the loop, and join.
"""
import asyncio
import threading
import time


def call(number):
    print("called:", number)


async def work(seconds):
    await asyncio.sleep(seconds)
    return f"worked {seconds} s"


loop = asyncio.new_event_loop()
thread = threading.Thread(target=loop.run_forever)
thread.start()

start = time.monotonic()
one = asyncio.run_coroutine_threadsafe(work(1), loop)
two = asyncio.run_coroutine_threadsafe(work(2), loop)
print(f"not blocked: {time.monotonic() - start:.0f} s")
print(one.result())
print(two.result())
print(f"both at the same time: {time.monotonic() - start:.0f} s")

# Three calls. The first keeps the loop busy: the second is taken back.
loop.call_soon_threadsafe(time.sleep, 0.5)
gone = loop.call_soon_threadsafe(call, 2)
loop.call_soon_threadsafe(call, 3)
gone.cancel()

loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
print("stopped, and joined")

# Prints:
# not blocked: 0 s
# worked 1 s
# worked 2 s
# both at the same time: 2 s
# called: 3
# stopped, and joined
