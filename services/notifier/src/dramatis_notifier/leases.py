"""What this process holds for the time being: deliveries and chains, renewed while they are worked on."""

import asyncio
from collections.abc import Collection, Sequence
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
        due_at = verdict.due_at if verdict.status == "pending" else until
        if due_at and due_at > self._clock():
            self.forget(delivery)
            await self._chains.release([delivery.chain], max(due_at, until))
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
        await self._give_back(ids, [delivery.chain for delivery in untaken if delivery.chain], until)

    async def give_back_all(self) -> None:
        """Let go of what was cut off."""
        await self._give_back(*self._held(), self._clock())

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
        deliveries, chains = self._held()
        until = self.end(self._clock())
        if deliveries:
            await self._deliveries.renew(deliveries, until)
        if chains:
            await self._chains.renew(chains, until)

    def _held(self) -> tuple[list[str], list[str]]:
        deliveries: list[str] = []
        chains: list[str] = []
        for endpoint, claim in self._lanes.all_held():
            (chains if claim.startswith(f"{endpoint.key}/") else deliveries).append(claim)
        return deliveries, chains

    async def _give_back(self, deliveries: list[str], chains: list[str], until: datetime) -> None:
        try:
            if deliveries:
                await self._deliveries.release(deliveries, until)
            if chains:
                await self._chains.release(chains, until)
        except Unavailable as error:
            count = len(deliveries) + len(chains)
            log.warning("deliveries wait for their leases to end", count=count, error=str(error))
