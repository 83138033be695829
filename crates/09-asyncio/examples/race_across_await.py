"""Async code needs locks too: where a change spans an await."""
import asyncio


class Account:
    def __init__(self):
        self.balance = 0
        self.lock = asyncio.Lock()

    async def pay_in(self):
        before = self.balance
        await asyncio.sleep(0)  # asks somebody
        self.balance = before + 1

    async def pay_in_locked(self):
        async with self.lock:
            await self.pay_in()


async def main():
    account = Account()
    await asyncio.gather(*(account.pay_in() for _ in range(100)))
    print("100 payments, without a lock:", account.balance)
    account = Account()
    await asyncio.gather(*(account.pay_in_locked() for _ in range(100)))
    print("100 payments, with a lock:", account.balance)


asyncio.run(main())

# Prints:
# 100 payments, without a lock: 1
# 100 payments, with a lock: 100
