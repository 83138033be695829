"""Generators that yield inside of `try`, `timeout` and `TaskGroup`."""
import asyncio

from tracing import run, trace


async def cancel_at(task, moment):
    await asyncio.sleep(moment)
    task.cancel()


def cancelled_in(seconds):
    asyncio.create_task(cancel_at(asyncio.current_task(), seconds))


async def catching(name):
    """Yields inside of a `try`, and cleans up with an await."""
    try:
        trace(name, "starts")
        yield 1
        trace(name, "goes on")
        await asyncio.sleep(2)
        yield 2
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        trace(name, "hears")
        await asyncio.sleep(1)
        trace(name, "has cleaned up")
        raise
    finally:
        trace(name, "finally")


async def sleep_and_catch(seconds):
    try:
        await asyncio.sleep(seconds)
        trace("slept")
    except asyncio.CancelledError:
        count = asyncio.current_task().cancelling()
        trace("consumer hears", count)


async def between():
    numbers = catching("between")
    trace(await anext(numbers))
    cancelled_in(1)
    await sleep_and_catch(9)
    asyncio.current_task().uncancel()
    trace(await anext(numbers))
    try:
        async with asyncio.timeout(1):
            await anext(numbers)
    except TimeoutError:
        trace("timed out", asyncio.current_task().cancelling())
    trace(await anext(numbers, None))


async def deeper():
    """The second value is asked for inside of more scopes."""
    numbers = catching("deeper")
    trace(await anext(numbers))
    try:
        async with asyncio.timeout(9):
            async with asyncio.timeout(5):
                trace(await anext(numbers))
                await sleep_and_catch(1)
                await anext(numbers)
    except TimeoutError:
        trace("timed out")
    trace(await anext(numbers, None))


async def stubborn():
    yield 1
    try:
        await asyncio.sleep(9)
    except asyncio.CancelledError:
        yield 2
    trace("stubborn ends")


async def swallowed():
    numbers = stubborn()
    trace(await anext(numbers))
    async with asyncio.timeout(1):
        trace(await anext(numbers))
    trace("in time", asyncio.current_task().cancelling())
    trace(await anext(numbers, None))


async def plain():
    try:
        yield 1
        await asyncio.sleep(9)
    finally:
        trace("plain: finally")


async def dropped():
    """Cancelled in the middle: it is over, though nobody drops it."""
    numbers = plain()
    trace(await anext(numbers))
    try:
        async with asyncio.timeout(1):
            await anext(numbers)
    except TimeoutError:
        trace("timed out")
    trace(await anext(numbers, None))


async def limited(seconds):
    try:
        async with asyncio.timeout(seconds):
            yield 1
            await asyncio.sleep(1)
            yield 2
        trace("limited: in time")
    except TimeoutError:
        trace("limited: timed out")
    yield 3


async def alarms():
    """A timeout cancels the task, wherever the task waits then."""
    numbers = limited(1)
    trace(await anext(numbers))
    await sleep_and_catch(9)
    trace(await anext(numbers), asyncio.current_task().cancelling())
    trace(await anext(numbers), asyncio.current_task().cancelling())
    trace(await anext(numbers, None))

    numbers = limited(2)
    async for number in numbers:
        trace(number)
        await asyncio.sleep(0)

    numbers = limited(1)
    trace(await anext(numbers))
    await sleep_and_catch(9)
    await numbers.aclose()
    trace("closed", asyncio.current_task().cancelling())


async def doubled(numbers):
    try:
        async for number in numbers:
            yield 2 * number
    except asyncio.CancelledError:
        trace("doubled hears")
        raise


async def nested():
    numbers = doubled(catching("nested"))
    trace(await anext(numbers))
    cancelled_in(1)
    await sleep_and_catch(9)
    trace(await anext(numbers))
    cancelled_in(1)
    try:
        await anext(numbers)
    except asyncio.CancelledError:
        trace("consumer hears")
    trace(await anext(numbers, None))
    asyncio.current_task().uncancel()
    asyncio.current_task().uncancel()


async def fails():
    await asyncio.sleep(1)
    raise ValueError


async def grouped():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            yield 1
            trace("grouped goes on")
    except* ValueError:
        trace("group failed")
    yield 2


async def groups():
    """A child fails, and the group cancels the task that entered it."""
    numbers = grouped()
    trace(await anext(numbers))
    await sleep_and_catch(9)
    trace(await anext(numbers), asyncio.current_task().cancelling())
    trace(await anext(numbers, None))


async def rest(numbers):
    trace(await anext(numbers))
    await sleep_and_catch(9)
    await anext(numbers)


async def moved():
    """Begun by one task, gone on with by another."""
    numbers = catching("moved")
    trace(await anext(numbers))
    task = asyncio.create_task(rest(numbers))
    await asyncio.sleep(3)
    task.cancel()
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait([task])
    trace("cancelled", task.cancelled())

    numbers = limited(1)
    task = asyncio.create_task(anext(numbers))
    trace(await task)
    await sleep_and_catch(2)
    trace(await anext(numbers), asyncio.current_task().cancelling())
    trace(await anext(numbers), asyncio.current_task().cancelling())


async def main():
    for part in (between, deeper, swallowed, dropped, alarms, nested,
                 groups, moved):
        trace(part.__name__)
        await part()


run(main())
