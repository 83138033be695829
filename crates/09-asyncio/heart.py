"""The heart of asyncio on two pages: the loop, its handles, Future, Task.

For reading beside the Rust: our own, as small as it gets, with the names
of asyncio and its order of things. CPython's own, with everything that a
library needs, stands in `base_events.py`, `events.py`, `futures.py` and
`tasks.py`.

Run it with Python 3.8 or later. It runs one program twice, on this heart
and on asyncio, and compares what the two have printed.
"""

import asyncio
import heapq
import itertools
import socket
import sys
import time
from asyncio import CancelledError, InvalidStateError
from collections import deque
from selectors import EVENT_READ, DefaultSelector


class EventLoop:
    """Runs what is ready, in the order in which it became ready, and sleeps
    while nothing is.

    Invariant: a turn runs what is ready when it begins. What that makes
    ready waits for the next turn.
    """

    def __init__(self):
        self.ready = deque()
        self.timers = []  # a heap of (when, number, handle)
        self.numbers = itertools.count()
        self.is_stopping = False
        self.selector = DefaultSelector()
        # Whoever writes to `notifier` ends the sleep.
        self.notifier, woken = socket.socketpair()
        self.selector.register(woken, EVENT_READ)

    def call_soon(self, function, *args):
        handle = Handle(function, args)
        self.ready.append(handle)
        return handle

    def call_soon_threadsafe(self, function, *args):
        handle = self.call_soon(function, *args)
        self.notifier.send(b"!")
        return handle

    def call_later(self, delay, function, *args):
        handle = Handle(function, args)
        when = time.monotonic() + delay
        heapq.heappush(self.timers, (when, next(self.numbers), handle))
        return handle

    def stop(self):
        self.is_stopping = True

    def run_until_complete(self, main):
        task = Task(main, self)
        task.add_done_callback(lambda task: self.stop())
        while not self.is_stopping:
            self.turn()
        self.is_stopping = False
        return task.result()

    def turn(self):
        # 1. The one place where the program sleeps.
        timeout = None
        if self.ready:
            timeout = 0
        elif self.timers:
            timeout = max(self.timers[0][0] - time.monotonic(), 0)
        for key, _ in self.selector.select(timeout):
            # 2. What another thread has scheduled is in the queue.
            key.fileobj.recv(4096)

        # 3.
        now = time.monotonic()
        while self.timers and self.timers[0][0] <= now:
            self.ready.append(heapq.heappop(self.timers)[-1])

        # 4.
        for _ in range(len(self.ready)):
            self.ready.popleft().call()


class Handle:
    """A call that is scheduled, and can be taken back."""

    def __init__(self, function, args):
        self.function = function
        self.args = args
        self.is_cancelled = False

    def cancel(self):
        self.is_cancelled = True

    def call(self):
        if not self.is_cancelled:
            self.function(*self.args)


class Future:
    """A place for a result that will arrive later, and the callbacks to run
    then."""

    def __init__(self, loop):
        self.loop = loop
        self.state = "pending"
        self.value = None
        self.callbacks = []

    def done(self):
        return self.state != "pending"

    def result(self):
        if self.state == "pending":
            raise InvalidStateError("Result is not set.")
        if self.state == "cancelled":
            raise CancelledError
        if self.state == "failed":
            raise self.value
        return self.value

    def set_result(self, result):
        self.finish("finished", result)

    def finish(self, state, value=None):
        if self.done():
            raise InvalidStateError("invalid state")
        self.state, self.value = state, value
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            self.loop.call_soon(callback, self)

    def add_done_callback(self, callback):
        if self.done():
            self.loop.call_soon(callback, self)
        else:
            self.callbacks.append(callback)

    def cancel(self):
        if self.done():
            return False
        self.finish("cancelled")
        return True

    def __await__(self):
        if not self.done():
            yield self
        return self.result()


class Task(Future):
    """A coroutine that the loop runs, and the future of its result."""

    def __init__(self, coroutine, loop):
        super().__init__(loop)
        self.coroutine = coroutine
        self.awaits = None
        self.must_cancel = False
        loop.call_soon(self.step)

    def step(self, done=None):
        self.awaits = None
        try:
            if self.must_cancel:
                self.must_cancel = False
                future = self.coroutine.throw(CancelledError())
            else:
                future = self.coroutine.send(None)
        except StopIteration as end:
            ending = "cancelled" if self.must_cancel else "finished"
            self.finish(ending, end.value)
        except CancelledError:
            self.finish("cancelled")
        except Exception as error:
            self.finish("failed", error)
        else:
            self.wait_for(future)

    def wait_for(self, future):
        if future is None:  # a bare `yield`: gives way for one turn
            self.loop.call_soon(self.step)
            return
        future.add_done_callback(self.step)
        self.awaits = future
        # A cancellation came during the step.
        if self.must_cancel and future.cancel():
            self.must_cancel = False

    def cancel(self):
        if self.done():
            return False
        if self.awaits is None or not self.awaits.cancel():
            self.must_cancel = True
        return True


async def sleep(loop, delay):
    future = Future(loop)
    handle = loop.call_later(delay, future.set_result, None)
    try:
        return await future
    finally:
        handle.cancel()


# One program, for this heart and for asyncio.


async def program(loop, create_task, sleep, say):
    async def worker(name, delay):
        try:
            for step in range(3):
                say(f"{name} {step}")
                await sleep(delay)
        except CancelledError:
            say(f"{name} cleans up")
            await sleep(0.02)
            say(f"{name} has cleaned up")
            raise

    say("main starts")
    loop.call_soon(say, "call 1")
    a = create_task(worker("a", 0.01))
    taken_back = loop.call_soon(say, "never printed")
    b = create_task(worker("b", 1))
    b.add_done_callback(lambda b: say("b has ended"))
    taken_back.cancel()
    say("main has scheduled")
    await a
    say("main cancels b")
    b.cancel()
    try:
        await b
    except CancelledError:
        say("main has heard of it")


def on_this_heart(say):
    loop = EventLoop()
    loop.run_until_complete(program(
        loop, lambda coroutine: Task(coroutine, loop),
        lambda delay: sleep(loop, delay), say))


def on_asyncio(say):
    async def main():
        loop = asyncio.get_running_loop()
        await program(loop, asyncio.create_task, asyncio.sleep, say)
    asyncio.run(main())


if __name__ == "__main__":
    here, there = [], []
    on_this_heart(here.append)
    on_asyncio(there.append)
    print("\n".join(here))
    print("\nthe same as on asyncio:", here == there)
    sys.exit(here != there)
