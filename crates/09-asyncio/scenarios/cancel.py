import asyncio

from tracing import run, trace


async def plain(name):
    trace(name, "starts")
    try:
        await asyncio.sleep(20)
        return "never"
    finally:
        trace(name, "finally")


async def cleans_up():
    try:
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        trace("cleans up")
        await asyncio.sleep(1)
        trace("has cleaned up")
        raise


async def swallows():
    try:
        await asyncio.sleep(20)
    except asyncio.CancelledError:
        trace("swallows")
    return "goes on"


async def outer(inner):
    try:
        return await inner
    finally:
        trace("outer: finally")


async def by_itself():
    asyncio.current_task().cancel()
    trace("has cancelled itself, and still runs")
    await asyncio.sleep(0)
    return "never"


async def ending(name, task):
    try:
        trace(name, "returned", await task)
    except asyncio.CancelledError:
        trace(name, "was cancelled", task.cancelled())


async def main():
    unstarted = asyncio.create_task(plain("unstarted"))
    unstarted.cancel()
    await ending("unstarted", unstarted)

    task = asyncio.create_task(plain("plain"))
    await asyncio.sleep(1)
    trace(task.cancel(), task.done())
    await ending("plain", task)
    trace(task.cancel())

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    await ending("cleans_up", task)

    task = asyncio.create_task(swallows())
    await asyncio.sleep(0)
    task.cancel()
    await ending("swallows", task)

    inner = asyncio.create_task(plain("inner"))
    task = asyncio.create_task(outer(inner))
    await asyncio.sleep(1)
    task.cancel()
    await ending("outer", task)
    trace(inner.cancelled())

    inner = asyncio.create_task(plain("shielded"))
    task = asyncio.create_task(outer(asyncio.shield(inner)))
    await asyncio.sleep(1)
    task.cancel()
    await ending("outer", task)
    trace(inner.done())
    inner.cancel()
    await ending("shielded", inner)

    await ending("by_itself", asyncio.create_task(by_itself()))

    inner = asyncio.create_task(swallows())
    task = asyncio.create_task(outer(inner))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await ending("outer of swallows", task)

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    trace(task.cancel(), task.cancelling())
    await ending("cancelled twice", task)

    task = asyncio.create_task(plain("taken back"))
    await asyncio.sleep(0)
    task.cancel()
    trace("left", task.uncancel(), task.cancelling())
    await asyncio.sleep(1)
    trace(task.done())


run(main())
