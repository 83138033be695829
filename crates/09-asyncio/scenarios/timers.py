import asyncio

from tracing import run, trace


async def sleeper(name, delay):
    await asyncio.sleep(delay)
    trace(name, "slept")


def at_6():
    trace("at 6")
    asyncio.get_running_loop().call_soon(trace, "made at 6")


async def main():
    loop = asyncio.get_running_loop()
    start = loop.time()
    loop.call_later(8, trace, "later 8")
    loop.call_later(4, trace, "later 4")
    timer = loop.call_at(start + 6, at_6)
    trace("when", round(timer.when() - start))
    gone = loop.call_later(2, trace, "never")
    a = asyncio.create_task(sleeper("a", 5))
    b = asyncio.create_task(sleeper("b", 3))
    loop.call_soon(gone.cancel)
    loop.call_later(0, trace, "later 0")
    loop.call_soon(trace, "soon")
    loop.call_at(start - 1, trace, "in the past")
    await asyncio.sleep(9)
    trace("main ends", a.done(), b.done(), gone.cancelled())


run(main())
