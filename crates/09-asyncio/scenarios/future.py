import asyncio

from tracing import run, trace, words


async def waiter(name, future):
    trace(name, "waits")
    trace(name, "has", await future)


def hears(name):
    return lambda future: trace(name, "hears", future.result())


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    trace(future)
    try:
        future.result()
    except asyncio.InvalidStateError as error:
        trace(words(error))
    future.add_done_callback(hears("callback 1"))
    a = asyncio.create_task(waiter("a", future))
    await asyncio.sleep(0)
    future.add_done_callback(hears("callback 2"))
    gone = hears("never")
    future.add_done_callback(gone)
    trace("removed", future.remove_done_callback(gone))
    b = asyncio.create_task(waiter("b", future))
    await asyncio.sleep(0)

    trace("main sets")
    loop.call_soon(trace, "call before")
    future.set_result(42)
    loop.call_soon(trace, "call after")
    trace("main has set", future)
    try:
        future.set_result(43)
    except asyncio.InvalidStateError as error:
        trace(words(error))
    future.add_done_callback(hears("callback 3"))
    trace("main awaits", await future, "at once")
    trace("exception", future.exception())
    await a
    trace("main has a")
    await b
    trace("main has b")

    other = loop.create_future()
    trace(other.cancel(), other.cancel(), other.cancelled(), other)
    try:
        other.result()
    except asyncio.CancelledError as error:
        trace(words(error))
    try:
        other.set_result(1)
    except asyncio.InvalidStateError as error:
        trace(words(error))
    try:
        a.set_result(1)
    except RuntimeError as error:
        trace(words(error))


run(main())
