"""When to give an endpoint up: it is gone, or has accepted nothing for days. Its owner is warned before."""

from datetime import timedelta

from dramatis_kit import Clock
from dramatis_notifier.condition import Condition, Conditions
from dramatis_notifier.decider import Warn
from dramatis_notifier.documents import Delivery
from dramatis_notifier.endpoints import Endpoints
from dramatis_notifier.schedule import Answer, Verdict
from dramatis_notifier.sender import Target
from dramatis_notifier.settings import NotifierSettings


class Warden:
    """Looks at an endpoint after every failed attempt."""

    def __init__(self, endpoints: Endpoints, conditions: Conditions, settings: NotifierSettings, clock: Clock) -> None:
        self._endpoints = endpoints
        self._conditions = conditions
        self._patience = timedelta(hours=settings.webhook_disable_after_hours)
        self._notice = timedelta(hours=settings.webhook_notice_after_hours)
        self._clock = clock

    async def hopeless(self, delivery: Delivery, target: Target, answer: Answer, verdict: Verdict) -> str | None:
        """Why the endpoint should be disabled, if it should. Test deliveries decide nothing."""
        if verdict.status == "delivered" or delivery.kind == "test":
            return None
        if answer.gone:
            return "the endpoint answered 410 Gone"
        await self._conditions.flush()
        condition = await self._conditions.of(delivery.endpoint)
        since = condition.failing_since
        if since is None or since > self._clock() - min(self._patience, self._notice):
            return None
        if since <= self._clock() - self._patience:
            return f"nothing was accepted since {since:%Y-%m-%d %H:%M} UTC"
        if target.warned != since:
            await self._warn(delivery, condition)
        return None

    async def _warn(self, delivery: Delivery, condition: Condition) -> None:
        if condition.failing_since is None:
            return
        disabled_at = condition.failing_since + self._patience
        reason = condition.last_failure or "no answer"
        warning = Warn(condition.failing_since, disabled_at, reason)
        await self._endpoints.warn(delivery.endpoint, warning, delivery.event_id)
        self._endpoints.forget(delivery.endpoint)
