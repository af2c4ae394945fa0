"""Python's `websockets` talks to a server: calls, a batch, a notification, events, a stream, a cancelled call, errors.

Argument: the server's URL.
"""

import asyncio
import json
import sys

from websockets.asyncio.client import connect


class Session:
    def __init__(self, socket):
        self.socket = socket
        self.came = []

    async def send(self, *requests):
        whole = [{"jsonrpc": "2.0", **request} for request in requests]
        await self.socket.send(json.dumps(whole[0] if len(whole) == 1 else whole))

    async def message(self, fits):
        """Takes the first message that fits out of those that came; waits for it."""
        while True:
            for at, one in enumerate(self.came):
                if fits(one):
                    return self.came.pop(at)
            self.came.append(json.loads(await self.socket.recv()))

    async def answer(self, id):
        return await self.message(lambda one: isinstance(one, dict) and "method" not in one and one["id"] == id)


def same(got, expected):
    if got != expected:
        raise AssertionError(f"{got!r} is not {expected!r}")


async def talk(url):
    async with connect(url.replace("http", "ws", 1) + "/ws") as socket:
        session = Session(socket)
        await session.send({"id": "a", "method": "greet", "params": {"name": "Ada"}})
        same((await session.answer("a"))["result"], "Hello, Ada!")

        await session.send(
            {"id": 1, "method": "greet", "params": {"name": "B"}},
            {"method": "greet", "params": {"name": "C"}},
            {"id": 2, "method": "nowhere"},
        )
        batch = await session.message(lambda one: isinstance(one, list))
        same(sorted(one["id"] for one in batch), [1, 2])
        same(next(one["error"]["code"] for one in batch if one["id"] == 2), -32601)

        await session.send({"id": 3, "method": "_subscribe", "params": {"channel": "news.*"}})
        subscription = (await session.answer(3))["result"]
        # A notification has no answer, but it has been done.
        await session.send({"method": "_publish", "params": {"channel": "news.art", "data": [1]}})
        event = await session.message(lambda one: one.get("method") == "_event")
        same(event["params"], {"subscription": subscription, "channel": "news.art", "data": [1]})
        await session.send({"id": 4, "method": "_unsubscribe", "params": {"subscription": subscription}})
        same((await session.answer(4))["result"], True)

        await session.send({"id": 5, "method": "count_up", "params": {"to": 3}})
        same((await session.answer(5))["result"], "counted")
        items = [one["params"] for one in session.came if one.get("method") == "_stream"]
        same([(item["id"], item["seq"], item["value"]["n"]) for item in items], [(5, 0, 0), (5, 1, 1), (5, 2, 2)])

        await session.send({"id": 6, "method": "pause", "params": {"ms": 60000}})
        await session.send({"method": "$/cancelRequest", "params": {"id": 6}})
        same((await session.answer(6))["error"]["code"], -32800)

        await session.send({"id": 7, "method": "fail"})
        error = (await session.answer(7))["error"]
        same((error["code"], error["data"]["name"]), (-32000, "RangeError"))
        if "dashboard.js:" not in error["data"]["stack"]:
            raise AssertionError(error)

        await socket.send("no JSON")
        same((await session.answer(None))["error"]["code"], -32700)
        await session.send({"id": 8, "method": "greet", "params": {"name": "again"}})
        same((await session.answer(8))["result"], "Hello, again!")


asyncio.run(asyncio.wait_for(talk(sys.argv[1]), 60))
