"""Four hashes, as tasks of one event loop and on four threads."""

import asyncio
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor

DATA = b"x" * (24 << 20)


def compute():
    sha256 = hashlib.sha256()
    for _ in range(4):
        sha256.update(DATA)  # for large data, hashlib releases the GIL
    return sha256.digest()


async def coroutine():
    return compute()


async def on_a_loop():
    await asyncio.gather(*(coroutine() for _ in range(4)))


def on_threads():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: compute(), range(4)))


def measured(what):
    wall, cpu = time.perf_counter(), time.process_time()
    what()
    return time.perf_counter() - wall, time.process_time() - cpu


compute()  # the first time costs more
loop_wall, loop_cpu = measured(lambda: asyncio.run(on_a_loop()))
threads_wall, threads_cpu = measured(on_threads)
print(
    json.dumps(
        {
            "loop_wall": loop_wall,
            "loop_cpu": loop_cpu,
            "threads_wall": threads_wall,
            "threads_cpu": threads_cpu,
        }
    )
)
