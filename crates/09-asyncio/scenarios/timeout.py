import asyncio

from tracing import run, trace


async def slow(name, delay, cleanup=0):
    try:
        await asyncio.sleep(delay)
        trace(name, "in time")
        return name
    except asyncio.CancelledError:
        trace(name, "cleans up")
        await asyncio.sleep(cleanup)
        trace(name, "has cleaned up")
        raise


async def attempt(what, coroutine, delay):
    try:
        async with asyncio.timeout(delay):
            trace(what, "returned", await coroutine)
    except TimeoutError:
        trace(what, "timed out")


async def stubborn():
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        trace("stubborn goes on")
    return "late"


async def inside():
    try:
        async with asyncio.timeout(2):
            await slow("nested", 9, 1)
    except TimeoutError:
        trace("inner timed out")
    await asyncio.sleep(9)


async def main():
    await attempt("a", slow("a", 1), 2)
    await attempt("b", slow("b", 9), 2)
    await attempt("c", slow("c", 9, 2), 1)
    task = asyncio.create_task(slow("task", 9, 1))
    await attempt("task", task, 1)
    trace(task.cancelled())
    task = asyncio.create_task(slow("shielded", 3))
    await attempt("shield", asyncio.shield(task), 1)
    trace(task.done(), await task)
    await attempt("stubborn", stubborn(), 1)
    await attempt("outer", inside(), 5)
    task = asyncio.create_task(attempt("never", slow("cancelled", 9), 5))
    await asyncio.sleep(1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        trace("a cancelling is no timeout")

    try:
        await asyncio.wait_for(slow("never starts", 1), 0)
    except TimeoutError:
        trace("wait_for 0 starts nothing")
    await attempt("at once", slow("at once", 1), 0)


run(main())
