async def add_one(address):
    number = int(await get(address, "/counter/sum"))
    await get(address, f"/counter/sum?set={number + 1}")


async def add_one_locked(address, lock):
    async with lock:
        await add_one(address)


async def main(what, address):
    if what == "without-a-lock":
        await asyncio.gather(*(add_one(address) for _ in range(20)))
    else:
        lock = asyncio.Lock()
        await asyncio.gather(*(add_one_locked(address, lock) for _ in range(20)))
    tell(counter=int(await get(address, "/counter/sum")))


asyncio.run(main(*sys.argv[1:]))
