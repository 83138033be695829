"""One task needs the result of another: it awaits it."""
import asyncio


async def price():
    print("asks for the price")
    await asyncio.sleep(0.2)
    return 20


async def total(price, pieces):
    print("waits for the price")
    return await price * pieces


async def main():
    asks = asyncio.create_task(price())
    counts = asyncio.create_task(total(asks, 3))
    print("total:", await counts)
    # The price is still there: a result can be awaited again.
    print("price:", await asks)


asyncio.run(main())

# Prints:
# asks for the price
# waits for the price
# total: 60
# price: 20
