import asyncio

from tracing import run, trace


async def say_after(delay, what):
    await asyncio.sleep(delay)
    trace(what)
    return what.upper()


async def in_a_row():
    trace("in a row: the sum")
    trace(await say_after(1, "hello"))
    trace(await say_after(2, "world"))


async def as_tasks():
    trace("as tasks: the longest")
    one = asyncio.create_task(say_after(1, "hello"))
    two = asyncio.create_task(say_after(2, "world"))
    trace(await one)
    trace(await two)


async def gathered():
    trace("gathered: the longest, results in order")
    both = say_after(2, "world"), say_after(1, "hello")
    trace(await asyncio.gather(*both))


for main in (in_a_row, as_tasks, gathered):
    run(main())
