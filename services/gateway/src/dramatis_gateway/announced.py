"""Where the end of a simulation will be posted: the `webhook_url` in the answer to its request."""

import asyncio

from dramatis_contracts.notifier import v1
from dramatis_contracts.simulation_engine.v1 import SimulationCompleted
from dramatis_gateway.door import Caller
from dramatis_kit import Rejected, Unavailable

_EVENT = SimulationCompleted.type.rpartition(".")[0]
_SECONDS = 1.0
_AT_ONCE = 200


async def webhook_url(caller: Caller, simulation_id: str) -> str | None:
    """The newest active webhook of the brokerage that will be told; None where there is none, or for keys of agents.

    The answer to a request does not depend on it: None, too, where the webhooks cannot be asked for.
    """
    if caller.viewer.agent_id or caller.viewer.team_id:
        return None
    try:
        async with asyncio.timeout(_SECONDS):
            found = await caller.ask(v1.list_webhooks, v1.ListWebhooks(page_size=_AT_ONCE))
    except (Rejected, Unavailable, TimeoutError):
        return None
    return next((hook.url for hook in found.items if _is_told(hook, simulation_id)), None)


def _is_told(hook: v1.Webhook, simulation_id: str) -> bool:
    wants = {"*", _EVENT, f"{_EVENT.partition('.')[0]}.*"} & set(hook.events)
    about = not hook.subjects or any(_covers(subject, simulation_id) for subject in hook.subjects)
    return hook.status == "active" and bool(wants) and about


def _covers(subject: str, simulation_id: str) -> bool:
    return simulation_id.startswith(subject[:-1]) if subject.endswith("*") else subject == simulation_id
