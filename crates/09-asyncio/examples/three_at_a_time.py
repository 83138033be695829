"""A semaphore limits how many requests run at the same time."""
import asyncio
import time

running, most = 0, 0


async def request(semaphore):
    global running, most
    async with semaphore:
        running += 1
        most = max(most, running)
        await asyncio.sleep(1)
        running -= 1


async def main():
    semaphore = asyncio.Semaphore(3)
    start = time.monotonic()
    await asyncio.gather(*(request(semaphore) for _ in range(9)))
    elapsed = time.monotonic() - start
    print(f"9 requests of 1 s, {most} at a time: {elapsed:.0f} s")


asyncio.run(main())

# Prints:
# 9 requests of 1 s, 3 at a time: 3 s
