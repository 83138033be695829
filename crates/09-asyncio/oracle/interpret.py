"""interpret.py FILE: runs each program of the file (see `make.py`) on
Python's asyncio, and prints its trace on one line. `interpret.rs` is the
same on ours.
"""
import asyncio
import contextlib
import json
import logging
import pathlib
import sys
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "scenarios"))
from tracing import VirtualLoop  # noqa: E402


class Ordered(dict):
    """A set that is iterated over in the order of adding."""

    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


class TaskGroup(asyncio.TaskGroup):
    def __init__(self):
        super().__init__()
        self._tasks = Ordered()


class Connection:
    """What `with` enters and leaves."""

    def __init__(self, world, me):
        self.world, self.me = world, me

    async def __aenter__(self):
        await asyncio.sleep(0)
        self.world.say(self.me, "entered")

    async def __aexit__(self, *error):
        await asyncio.sleep(0)
        self.world.say(self.me, "left")


class World:
    def __init__(self, program, loop):
        self.program, self.loop, self.trace = program, loop, []
        self.tasks = [None] * len(program)
        self.futures = [loop.create_future() for _ in range(3)]
        self.event, self.lock = asyncio.Event(), asyncio.Lock()
        self.semaphore, self.queue = asyncio.Semaphore(2), asyncio.Queue(1)
        self.condition = asyncio.Condition()
        self.numbers = None

    def say(self, *what):
        words = " ".join(map(str, what))
        self.trace.append(f"{int(self.loop.time())}:{words}")

    def some(self, numbers):
        tasks = [self.tasks[number] for number in numbers]
        return [task for task in tasks if task]


async def task(w, number):
    try:
        await run(w, number, w.program[number])
        w.say(number, "ends")
    except ValueError as error:
        w.say(number, "fails", error)
    return number


async def run(w, me, operations):
    for operation in operations:
        w.say(me, operation[0])
        await run_one(w, me, operation)
        w.say(me, operation[0], "over")


async def generate(w, me, parts):
    for number, part in enumerate(parts):
        await run(w, me, part)
        yield number


async def count(w, me, delay, parts):
    """Yields in the middle of two scopes."""
    try:
        async with asyncio.timeout(delay):
            some = generate(w, me, parts)
            async with contextlib.aclosing(some):
                async for number in some:
                    yield number
    except TimeoutError:
        w.say(me, "numbers timed out")
    except asyncio.CancelledError:
        w.say(me, "numbers caught")
    finally:
        w.say(me, "numbers finally")
    yield len(parts)


async def ask(w, me, delay, parts):
    """Of several tasks, each asks for the next number."""
    shared, w.numbers = w.numbers, None
    asked = shared or count(w, me, delay, parts)
    number = await anext(asked, None)
    w.say(me, "asked", number)
    if w.numbers:
        await asked.aclose()
    elif number is not None:
        w.numbers = asked


def flat(error):
    if isinstance(error, BaseExceptionGroup):
        return sum((flat(inner) for inner in error.exceptions), [])
    return [int(str(error))]


def outcome(result):
    if isinstance(result, asyncio.CancelledError):
        return "cancelled"
    return str(result)


async def run_one(w, me, operation):
    match operation:
        case ["zero"]:
            await asyncio.sleep(0)
        case ["sleep", delay]:
            await asyncio.sleep(delay)
        case ["spawn", number]:
            if w.tasks[number] is None:
                w.tasks[number] = asyncio.create_task(task(w, number))
        case ["cancel", number]:
            for it in w.some([number]):
                w.say("cancel", number, int(it.cancel()))
        case ["takeback", number]:
            for it in w.some([number]):
                cancelled = int(it.cancel())
                w.say("took back", number, cancelled, it.uncancel())
        case ["uncancel"]:
            w.say("left", asyncio.current_task().uncancel())
        case ["count"]:
            w.say("count", asyncio.current_task().cancelling())
        case ["await", number]:
            for it in w.some([number]):
                w.say("got", await it)
        case ["shield", number]:
            for it in w.some([number]):
                w.say("got", await asyncio.shield(it))
        case ["wait_for", number, delay]:
            for it in w.some([number]):
                try:
                    w.say("got", await asyncio.wait_for(it, delay))
                except TimeoutError:
                    w.say(me, "timed out")
        case ["gather", numbers]:
            got = await asyncio.gather(*w.some(numbers))
            w.say("got", got)
        case ["outcomes", numbers]:
            got = await asyncio.gather(
                *w.some(numbers), return_exceptions=True)
            w.say("got", *map(outcome, got))
        case ["first", numbers]:
            when = asyncio.FIRST_COMPLETED
            await wait(w, numbers, return_when=when)
        case ["failed", numbers]:
            when = asyncio.FIRST_EXCEPTION
            await wait(w, numbers, return_when=when)
        case ["all", numbers, delay]:
            await wait(w, numbers, timeout=delay)
        case ["completed", numbers]:
            # Of those that are done already, the order is that of a set.
            running = [it for it in w.some(numbers) if not it.done()]
            for completed in asyncio.as_completed(running):
                w.say("completed", await completed)
        case ["callback", number]:
            for it in w.some([number]):
                it.add_done_callback(lambda it: w.say(
                    "callback", number, int(it.cancelled())))
        case ["fset", number]:
            if not w.futures[number].done():
                w.futures[number].set_result(me)
        case ["fwait", number]:
            w.say("got", await w.futures[number])
        case ["fcancel", number]:
            w.say("cancel", int(w.futures[number].cancel()))
        case ["soon", number]:
            w.loop.call_soon(w.say, "soon", number)
        case ["later", delay, number]:
            w.loop.call_later(delay, w.say, "later", number)
        case ["eset"]:
            w.event.set()
        case ["eclear"]:
            w.event.clear()
        case ["ewait"]:
            await w.event.wait()
        case ["put", number]:
            await w.queue.put(number)
        case ["get"]:
            w.say("got", await w.queue.get())
        case ["done"]:
            try:
                w.queue.task_done()
            except ValueError:
                w.say("too often")
        case ["join"]:
            await w.queue.join()
        case ["cwait"]:
            async with w.condition:
                await w.condition.wait()
                w.say(me, "notified")
        case ["cnotify", most]:
            async with w.condition:
                w.condition.notify(most)
        case ["lock", inner]:
            async with w.lock:
                await run(w, me, inner)
            w.say("locked", int(w.lock.locked()))
        case ["limit", inner]:
            async with w.semaphore:
                await run(w, me, inner)
            w.say("locked", int(w.semaphore.locked()))
        case ["with", inner]:
            async with Connection(w, me):
                await run(w, me, inner)
        case ["generate", parts]:
            async for number in generate(w, me, parts):
                w.say(me, "generated", number)
        case ["numbers", delay, parts, inner]:
            some = count(w, me, delay, parts)
            async with contextlib.aclosing(some):
                async for number in some:
                    w.say(me, "number", number)
                    await run(w, me, inner)
        case ["ask", delay, parts]:
            await ask(w, me, delay, parts)
        case ["timeout", delay, inner]:
            try:
                async with asyncio.timeout(delay):
                    await run(w, me, inner)
            except TimeoutError:
                w.say(me, "timed out")
        case ["try", inner]:
            try:
                await run(w, me, inner)
            except asyncio.CancelledError:
                w.say(me, "caught")
        case ["finally", number, inner]:
            try:
                await run(w, me, inner)
            finally:
                w.say(me, "finally", number)
        case ["fail", number]:
            raise ValueError(number)
        case ["group", children, inner]:
            try:
                async with TaskGroup() as group:
                    for number, child in enumerate(children):
                        name = f"{me}.{number}"
                        group.create_task(run(w, name, child))
                    await run(w, me, inner)
            except* ValueError as error:
                w.say(me, "group failed", sorted(flat(error)))


async def wait(w, numbers, **how):
    tasks = w.some(numbers)
    if tasks:
        done, _ = await asyncio.wait(tasks, **how)
        w.say("done", [int(task in done) for task in tasks])


async def main(w):
    try:
        async with asyncio.timeout(500_000):
            await run(w, 0, w.program[0])
    except ValueError as error:
        w.say("main fails", error)
    except TimeoutError:
        w.say("main timed out")
    except asyncio.CancelledError:
        w.say("main cancelled")
    w.say("main ends")
    await asyncio.sleep(1_000_000)
    for _ in range(4):
        for number, it in enumerate(w.tasks):
            if it:
                w.say("end", number, int(it.cancel()))
        await asyncio.sleep(1_000_000)


def trace_of(program):
    loop = VirtualLoop()
    w = World(program, loop)
    try:
        loop.run_until_complete(main(w))
    except SystemError:
        w.say("deadlock")
    except asyncio.CancelledError:
        w.say("cancelled")
    return " | ".join(w.trace)


if __name__ == "__main__":
    # What never ends complains when it is collected.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    sys.unraisablehook = lambda _: None
    for line in open(sys.argv[1]):
        print(trace_of(json.loads(line)))
