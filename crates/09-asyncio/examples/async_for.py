"""`async for` is not concurrent: one value after the other.

It lets others run while it waits; that is all. For values at the same
time, make tasks of what makes them.
"""
import asyncio
import time


async def pages():
    for number in range(3):
        await asyncio.sleep(1)
        yield number


async def page(number):
    await asyncio.sleep(1)
    return number


async def main():
    start = time.monotonic()
    async for number in pages():
        print("page", number)
    print(f"async for: {time.monotonic() - start:.0f} s")

    start = time.monotonic()
    print("pages", await asyncio.gather(*map(page, range(3))))
    print(f"gather: {time.monotonic() - start:.0f} s")


asyncio.run(main())

# Prints:
# page 0
# page 1
# page 2
# async for: 3 s
# pages [0, 1, 2]
# gather: 1 s
