"""The chains that this process works on: which delivery of a chain is next."""

from collections import deque

from dramatis_notifier.chains import Chains
from dramatis_notifier.documents import Delivery


class Runs:
    """Deliveries of claimed chains, read some at a time."""

    def __init__(self, chains: Chains) -> None:
        self._chains = chains
        self._waiting: dict[str, deque[Delivery]] = {}

    async def next(self, chain: str) -> Delivery | None:
        """The first waiting delivery of a chain of ours; None when it has none left and was closed, or was lost."""
        waiting = self._waiting.get(chain)
        while not waiting:
            run = await self._chains.run(chain)
            if run is None or (not run.deliveries and await self._chains.close(chain, run.wake)):
                self.forget(chain)
                return None
            waiting = self._waiting[chain] = deque(run.deliveries)
        return waiting.popleft()

    def forget(self, chain: str) -> None:
        """Read it anew when it is claimed again."""
        self._waiting.pop(chain, None)

    def forget_all(self) -> None:
        self._waiting.clear()
