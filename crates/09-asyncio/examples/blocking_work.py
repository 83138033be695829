"""Work that blocks stops the whole loop, unless a thread does it."""
import asyncio
import time


def blocking():
    time.sleep(1)


async def ticks(seconds):
    """How often it gets its turn, every 0.1 s."""
    loop, count = asyncio.get_running_loop(), 0
    end = loop.time() + seconds
    while loop.time() < end:
        await asyncio.sleep(0.1)
        count += 1
    return count


async def on_the_loop():
    blocking()


async def in_a_thread():
    await asyncio.to_thread(blocking)


async def main():
    for way in (on_the_loop, in_a_thread):
        ticking = asyncio.create_task(ticks(0.95))
        await asyncio.sleep(0)  # it starts
        await way()
        many = await ticking > 5
        print(f"{way.__name__}: {'many ticks' if many else 'few ticks'}")

    loop = asyncio.get_running_loop()
    start = time.monotonic()
    calls = [loop.run_in_executor(None, blocking) for _ in range(3)]
    await asyncio.gather(*calls)
    print(f"three calls of 1 s: {time.monotonic() - start:.0f} s")


asyncio.run(main())

# Prints:
# on_the_loop: few ticks
# in_a_thread: many ticks
# three calls of 1 s: 1 s
