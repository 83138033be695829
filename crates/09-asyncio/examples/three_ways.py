"""Three ways to run several at the same time."""
import asyncio
import time


async def work(name, seconds):
    await asyncio.sleep(seconds)
    return f"{name} took {seconds} s"


async def tasks():
    one = asyncio.create_task(work("one", 1))
    two = asyncio.create_task(work("two", 2))
    print(await one)
    print(await two)


async def gather():
    both = await asyncio.gather(work("one", 1), work("two", 2))
    print("\n".join(both))


async def wait():
    works = [work("one", 1), work("two", 2)]
    pending = [asyncio.create_task(work) for work in works]
    while pending:
        first = asyncio.FIRST_COMPLETED
        done, pending = await asyncio.wait(pending, return_when=first)
        for task in done:
            print(task.result())


for way in (tasks, gather, wait):
    start = time.monotonic()
    asyncio.run(way())
    elapsed = time.monotonic() - start
    print(f"{way.__name__}: {elapsed:.0f} s in all")

# Prints:
# one took 1 s
# two took 2 s
# tasks: 2 s in all
# one took 1 s
# two took 2 s
# gather: 2 s in all
# one took 1 s
# two took 2 s
# wait: 2 s in all
