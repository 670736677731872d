"""Requests and their replies, over one inbox. Fails at once when the connection breaks or nobody listens."""

import asyncio
from collections.abc import Mapping
from itertools import count

from nats.aio.msg import Msg
from nats.errors import Error

from dramatis_bus.link import Link
from dramatis_bus.messages import check_size
from dramatis_kit import Unavailable

_NO_RESPONDERS = "503"


class Inbox:
    """nats-py's own `request` keeps waiting through a broken connection; this one does not."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._prefix = ""
        self._numbers = count()
        self._waiting: dict[str, asyncio.Future[Msg]] = {}

    async def open(self) -> None:
        self._prefix = self._link.client.new_inbox()
        await self._link.client.subscribe(f"{self._prefix}.*", cb=self._arrived)
        self._link.on_lost.append(self._give_up)

    async def request(
        self,
        what: str,
        subject: str,
        payload: bytes,
        headers: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109  # the same deadline travels in the headers
    ) -> Msg:
        """The first reply. Raises `Unavailable(what)` or `TooLarge`."""
        if not self._link.connected:
            raise Unavailable("NATS")
        check_size(what, payload, headers, self._link.client.max_payload)
        reply_to = f"{self._prefix}.{next(self._numbers)}"
        reply = asyncio.get_running_loop().create_future()
        self._waiting[reply_to] = reply
        try:
            async with asyncio.timeout(timeout):
                await self._link.client.publish(subject, payload, reply=reply_to, headers=dict(headers))
                message: Msg = await reply
        except (TimeoutError, Error) as error:
            raise Unavailable(what) from error
        finally:
            del self._waiting[reply_to]
        if not message.data and (message.headers or {}).get("Status") == _NO_RESPONDERS:
            raise Unavailable(what)
        return message

    async def _arrived(self, message: Msg) -> None:
        waiting = self._waiting.get(message.subject)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _give_up(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(Unavailable("NATS"))
