import asyncio
import re

from tracing import run, trace


def show(task):
    """Without what only Python can say: where a task is, and who waits."""
    details = (r" cb=\[[^\]]*\]", r" wait_for=<[^>]*>",
               r" running at [^>]*", r" done, defined at [^>]*")
    return re.sub("|".join(details), "", repr(task))


async def work(delay):
    trace("in", show(asyncio.current_task()))
    await asyncio.sleep(delay)
    return delay


async def depends(on):
    return await on + 1


async def main():
    task = asyncio.create_task(work(1), name="worker")
    trace(show(task))
    await asyncio.sleep(0)
    trace(show(task))
    await task
    trace(show(task))

    gone = asyncio.create_task(work(9), name="gone")
    await asyncio.sleep(0)
    gone.cancel()
    trace(show(gone))
    await asyncio.wait([gone])
    trace(show(gone))

    trace("the same", asyncio.ensure_future(task) is task)
    made = asyncio.ensure_future(depends(task))
    trace("a task", show(made))
    trace(await made)

    first = asyncio.create_task(work(1), name="first")
    second = asyncio.create_task(depends(first), name="second")
    trace(len(asyncio.all_tasks()), "tasks")
    trace("second depends on first:", await second)


run(main())
