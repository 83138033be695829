"""Two sleeps in a row are their sum, async or not. Two remedies."""
import asyncio
import time


async def say_after(seconds, what):
    await asyncio.sleep(seconds)
    print(what)


async def in_a_row():
    await say_after(1, "hello")
    await say_after(2, "world")


async def two_tasks():
    hello = asyncio.create_task(say_after(1, "hello"))
    world = asyncio.create_task(say_after(2, "world"))
    await hello
    await world


async def gathered():
    await asyncio.gather(say_after(1, "hello"), say_after(2, "world"))


for main in (in_a_row, two_tasks, gathered):
    start = time.monotonic()
    asyncio.run(main())
    print(f"{main.__name__}: {time.monotonic() - start:.0f} s")

# Prints:
# hello
# world
# in_a_row: 3 s
# hello
# world
# two_tasks: 2 s
# hello
# world
# gathered: 2 s
