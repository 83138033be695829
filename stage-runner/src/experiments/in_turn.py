async def in_turn(address):
    await get(address, "/1")
    await get(address, "/2")
    await get(address, "/3")


async def gathered(address):
    await asyncio.gather(
        get(address, "/1"), get(address, "/2"), get(address, "/3")
    )


what, address = sys.argv[1:]
asyncio.run(in_turn(address) if what == "in-turn" else gathered(address))
tell()
