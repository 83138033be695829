import asyncio

from tracing import run, trace


async def work(delay, fails=False):
    await asyncio.sleep(delay)
    trace("done after", delay)
    if fails:
        raise ValueError(delay)
    return delay


def start():
    return [asyncio.create_task(work(delay)) for delay in (1, 2, 4)]


def show(done, pending, tasks):
    def numbers(some):
        return [number for number, task in enumerate(tasks) if task in some]
    trace("done", numbers(done), "pending", numbers(pending))


async def main():
    tasks = start()
    first = asyncio.FIRST_COMPLETED
    show(*await asyncio.wait(tasks, return_when=first), tasks)
    show(*await asyncio.wait(tasks, timeout=2), tasks)
    show(*await asyncio.wait(tasks), tasks)
    show(*await asyncio.wait(tasks), tasks)

    tasks = [asyncio.create_task(work(delay, fails=delay == 2))
             for delay in (1, 2, 3)]
    first = asyncio.FIRST_EXCEPTION
    show(*await asyncio.wait(tasks, return_when=first), tasks)
    trace(repr(tasks[1].exception()))
    show(*await asyncio.wait(tasks), tasks)


run(main())
