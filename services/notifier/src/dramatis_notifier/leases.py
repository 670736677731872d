"""What this process holds for the time being: deliveries and chains, renewed while they are worked on."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from dramatis_kit import Clock, Unavailable
from dramatis_notifier.documents import Delivery
from dramatis_notifier.lanes import Lanes
from dramatis_notifier.places import Endpoint
from dramatis_notifier.runs import Runs
from dramatis_notifier.schedule import Verdict
from dramatis_notifier.stores import Stores

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Held:
    """Ids of deliveries and of chains."""

    deliveries: list[str]
    chains: list[str]


class Leases:
    """Leases end by themselves after `seconds` without a sign of life."""

    def __init__(self, stores: Stores, lanes: Lanes, clock: Clock, seconds: float) -> None:
        self._deliveries = stores.deliveries
        self._chains = stores.chains
        self._runs = Runs(stores.chains)
        self._lanes = lanes
        self._clock = clock
        self._seconds = seconds
        self._renewed_at = asyncio.get_running_loop().time()

    def end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._seconds)

    def hold(self, delivery: Delivery) -> bool:
        """Whether a POST may begin. A chain whose lease may have ended could be with another process, further on."""
        return delivery.chain is None or asyncio.get_running_loop().time() < self._renewed_at + self._seconds

    async def claim_chains(self, endpoint: Endpoint, limit: int, held: Collection[str]) -> list[Delivery]:
        """The first waiting delivery of each chain of an endpoint that is due."""
        now = self._clock()
        ids = await self._chains.claim(endpoint, limit, now, self.end(now), held)
        for chain in ids:
            self._runs.forget(chain)
        first = await asyncio.gather(*(self._runs.next(chain) for chain in ids))
        return [delivery for delivery in first if delivery]

    async def following(self, delivery: Delivery, verdict: Verdict, until: datetime) -> Delivery | None:
        """What is next in a delivery's chain. If it must wait, the chain is given back until its time."""
        if delivery.chain is None:
            return None
        if verdict.due_at or until > self._clock():
            self.forget(delivery)  # what failed is first again, even if it is due by now
            await self._chains.release([delivery.chain], max(verdict.due_at or until, until))
            return None
        return await self._runs.next(delivery.chain)

    def forget(self, delivery: Delivery) -> None:
        """Its chain is read anew before anything more of it is sent."""
        if delivery.chain:
            self._runs.forget(delivery.chain)

    async def give_back(self, untaken: Sequence[Delivery], until: datetime) -> None:
        """Let go of what was not tried; nobody takes it up before `until`."""
        for delivery in untaken:
            self.forget(delivery)
        ids = [delivery.id for delivery in untaken if delivery.chain is None]
        await self.let_go(Held(ids, [delivery.chain for delivery in untaken if delivery.chain]), until)

    async def let_go(self, held: Held, until: datetime) -> None:
        """Give deliveries and chains back, as far as they are still ours."""
        try:
            if held.deliveries:
                await self._deliveries.release(held.deliveries, until)
            if held.chains:
                await self._chains.release(held.chains, until)
        except Unavailable as error:
            count = len(held.deliveries) + len(held.chains)
            log.warning("deliveries wait for their leases to end", count=count, error=str(error))

    def held(self) -> Held:
        """What is waiting, under way or being recorded."""
        held = Held([], [])
        for endpoint, claim in self._lanes.all_held():
            (held.chains if claim.startswith(f"{endpoint.key}/") else held.deliveries).append(claim)
        return held

    async def renew_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._seconds / 3)
            if loop.time() > self._renewed_at + self._seconds:
                # Stopped or cut off for too long: others may have what waits here.
                self._lanes.drop_all()
                self._runs.forget_all()
            try:
                begun = loop.time()
                await self._renew()
                self._renewed_at = begun
            except Unavailable as error:
                log.warning("leases cannot be renewed", error=str(error))

    async def _renew(self) -> None:
        held, until = self.held(), self.end(self._clock())
        if held.deliveries:
            await self._deliveries.renew(held.deliveries, until)
        if held.chains:
            await self._chains.renew(held.chains, until)
