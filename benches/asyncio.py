"""asyncio.py OPERATION COUNT: how many nanoseconds Python's asyncio takes
for so many operations. `asyncio.rs` calls it, and does the same in Rust;
it also says which time that is."""
import sys

# This file has the name of the library: it must not be found first.
sys.path.pop(0)
import asyncio
import time


async def value(number):
    return number


async def create_task(count):
    for number in range(count):
        await asyncio.create_task(value(number))


async def gather(count):
    for _ in range(count):
        await asyncio.gather(*map(value, range(1000)))


async def sleep_0(count):
    for _ in range(count):
        await asyncio.sleep(0)


async def call_soon(count):
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def again(left):
        if left:
            loop.call_soon(again, left - 1)
        else:
            done.set_result(None)

    again(count)
    await done


async def timers(count):
    """10,000 sleepers at once, of 0 to 20 ms."""
    for _ in range(count):
        delays = ((number * 7919) % 20_000 for number in range(10_000))
        await asyncio.gather(*(asyncio.sleep(us / 1e6) for us in delays))


async def timeout(count):
    for _ in range(count):
        async with asyncio.timeout(10):
            await asyncio.sleep(0)


async def queue(count):
    there, back = asyncio.Queue(), asyncio.Queue()

    async def echo():
        while True:
            await back.put(await there.get())

    task = asyncio.create_task(echo())
    for number in range(count):
        await there.put(number)
        await back.get()
    task.cancel()


async def main(operation, count):
    is_linux = sys.platform == "linux"
    now = time.thread_time_ns if is_linux else time.perf_counter_ns
    start = now()
    await globals()[operation](int(count))
    print(now() - start)


asyncio.run(main(*sys.argv[1:]))
