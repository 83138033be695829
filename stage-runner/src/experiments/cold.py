async def called(address):
    calls = [get(address, "/1"), get(address, "/2"), get(address, "/3")]
    await asyncio.sleep(0.2)
    for call in calls:
        call.close()  # else Python warns that nobody has awaited it


async def awaited(address):
    calls = [get(address, "/1"), get(address, "/2"), get(address, "/3")]
    for call in calls:
        await call


what, address = sys.argv[1:]
asyncio.run(called(address) if what == "called" else awaited(address))
tell()
