"""How far running simulations are, as it was told last: by this engine or by another one."""

from nats.aio.msg import Msg

from dramatis_contracts.simulation_engine import v1

EVERYWHERE = "progress.*.*"
"""The subjects on which every engine tells the progress of its work."""


class LatestProgress:
    """Bounded: of more than `most` simulations the one that was heard of first is forgotten."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._known: dict[tuple[str, str], float] = {}

    def of(self, tenant: str, simulation_id: str) -> float | None:
        """From 0 to 1; None where nothing was told."""
        return self._known.get((tenant, simulation_id))

    def note(self, tenant: str, tick: v1.Progress) -> None:
        """Remember a tick; one without progress says nothing."""
        if tick.progress is None:
            return
        self._known[tenant, tick.simulation_id] = tick.progress
        if len(self._known) > self._most:
            self.forget(*next(iter(self._known)))

    def forget(self, tenant: str, simulation_id: str) -> None:
        self._known.pop((tenant, simulation_id), None)

    async def hear(self, message: Msg) -> None:
        """A tick that somebody published."""
        self.note(message.subject.split(".")[1], v1.Progress.model_validate_json(message.data))
