"""What the tables hold of one persona. Raises `Unavailable` when ClickHouse is.

Profiles and what follows from them are as they were known at a moment; an interaction counts on the day on which it
happened, whenever it was told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dramatis_kit import Rejected
from dramatis_projections.client import Client, Row
from dramatis_projections.projector import milliseconds

MOST_INTERACTIONS = 20_000

_WHOSE = "tenant = {tenant:String} AND persona_id = {persona:String}"
_SINCE = "fromUnixTimestamp64Milli({since:Int64}, 'UTC')"
_UNTIL = "fromUnixTimestamp64Milli({until:Int64}, 'UTC')"
_TABLES = ("persona_history", "persona_interactions", "persona_matches", "persona_simulations", "persona_listings")


@dataclass(frozen=True, slots=True)
class Interaction:
    """`property_id` is empty and `interest` None where unknown; remarks are counted."""

    kind: str
    happened_at: datetime
    property_id: str = ""
    interest: float | None = None
    likes: int = 0
    dislikes: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile says, in words of the vocabulary; money in US dollars."""

    types: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unnamed: int = 0
    urgency: str = ""
    net_worth_low: float | None = None
    net_worth_high: float | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """How many events speak for and against a word, by the beginning of a period and by its end."""

    word: str
    for_before: int
    against_before: int
    for_after: int
    against_after: int


@dataclass(frozen=True, slots=True)
class Scores:
    """How many, their sum and the sum of their squares."""

    n: int
    total: float
    squares: float


@dataclass(frozen=True, slots=True)
class Listed:
    """A property from a moment on."""

    property_id: str
    recorded_at: datetime
    price: float
    type: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """`data_up_to`: the newest event of the tenant here. `current`: every event of the persona is here."""

    data_up_to: datetime | None
    current: bool


class Readings:
    """Reads the tables for one persona with one borrowed client."""

    def __init__(self, client: Client, tenant: str, persona_id: str) -> None:
        self._client = client
        self._whose = {"tenant": tenant, "persona": persona_id}

    async def freshness(self, version: int) -> Freshness:
        """Whether all of the persona as of `version` is here, and how new the newest row of its tenant is."""
        newest = ", ".join(
            f"(SELECT maxOrNull(recorded_at) FROM {table} WHERE tenant = {{tenant:String}})"  # noqa: S608 - constants
            for table in _TABLES
        )
        mine = f"{_WHOSE} AND version <= {{version:UInt64}}"
        ((moments, events, told, interactions),) = await self._rows(
            f"SELECT [{newest}], uniqExact(version), uniqExactIf(version, interacted), "  # noqa: S608 - constants
            f"(SELECT uniqExact(version) FROM persona_interactions WHERE {mine}) FROM persona_history WHERE {mine}",
            version=version,
        )
        return Freshness(max(filter(None, moments), default=None), events == version and told == interactions)

    async def interactions(self, since: datetime, until: datetime) -> tuple[Interaction, ...]:
        """Those that happened in `since` ≤ time < `until`, oldest first. Raises `Rejected` for too many to answer."""
        found = await self._rows(
            "SELECT kind, happened_at, property_id, interest, likes, dislikes FROM persona_interactions FINAL "  # noqa: S608 - constants
            f"WHERE {_WHOSE} AND happened_at >= {_SINCE} AND happened_at < {_UNTIL} "
            f"ORDER BY happened_at, version LIMIT {MOST_INTERACTIONS + 1}",
            since=since,
            until=until,
        )
        if len(found) > MOST_INTERACTIONS:
            issue = f"the persona has more than {MOST_INTERACTIONS} interactions in that time"
            raise Rejected("INVALID_REQUEST", "The period holds too much.", field="date_from", issue=issue)
        return tuple(Interaction(*row) for row in found)

    async def profile(self, before: datetime) -> Profile | None:
        """The profile as it was recorded last before a moment; None where there was none."""
        return await self._profile(f"AND recorded_at < {_UNTIL} ORDER BY version DESC", until=before)

    async def first_profile(self) -> Profile | None:
        """As the persona was created."""
        return await self._profile("ORDER BY version")

    async def _profile(self, which: str, **given: Any) -> Profile | None:
        found = await self._rows(
            "SELECT types, arrayDistinct(arrayConcat(types, features, styles)), refused, unnamed, urgency, "  # noqa: S608 - constants
            f"net_worth_low, net_worth_high FROM persona_history FINAL WHERE {_WHOSE} AND profiled {which} LIMIT 1",
            **given,
        )
        return Profile(*map(_frozen, found[0])) if found else None

    async def evidence(self, since: datetime, until: datetime) -> tuple[Evidence, ...]:
        """By word, of the persona's creation and all that was recorded by the ends of a period.

        In the order in which words were first spoken for in the period.
        """
        before = f"(first OR recorded_at < {_SINCE})"
        found = await self._rows(
            f"SELECT word, countIf(direction > 0 AND {before}), countIf(direction < 0 AND {before}), "  # noqa: S608 - constants
            "countIf(direction > 0), countIf(direction < 0) FROM persona_preference_changes "
            f"WHERE {_WHOSE} AND recorded_at < {_UNTIL} GROUP BY word "
            f"ORDER BY minIf(version, direction > 0 AND NOT {before}), word",
            since=since,
            until=until,
        )
        return tuple(Evidence(*row) for row in found)

    async def match_scores(self, since: datetime, until: datetime) -> Scores:
        """The last score of each property that was matched in a period."""
        ((n, total, squares),) = await self._rows(
            "SELECT count(), sum(last), sum(last * last) FROM (SELECT argMax(score, (recorded_at, event_id)) AS last "  # noqa: S608 - constants
            f"FROM persona_matches FINAL WHERE {_WHOSE} AND recorded_at >= {_SINCE} AND recorded_at < {_UNTIL} "
            "GROUP BY property_id)",
            since=since,
            until=until,
        )
        return Scores(n, total, squares)

    async def simulations(self, since: datetime, until: datetime) -> int:
        """How many simulations the persona was invited to in a period."""
        ((found,),) = await self._rows(
            "SELECT uniqExact(simulation_id) FROM persona_simulations "  # noqa: S608 - constants
            f"WHERE {_WHOSE} AND recorded_at >= {_SINCE} AND recorded_at < {_UNTIL}",
            since=since,
            until=until,
        )
        return int(found)

    async def listings(self, until: datetime) -> tuple[Listed, ...]:
        """All that was listed by a moment of the properties that the persona's interactions name, oldest first."""
        found = await self._rows(
            "SELECT property_id, recorded_at, price, type FROM persona_listings FINAL "  # noqa: S608 - constants
            "WHERE tenant = {tenant:String} AND property_id IN "
            f"(SELECT property_id FROM persona_interactions WHERE {_WHOSE}) AND recorded_at < {_UNTIL} "
            "ORDER BY property_id, version",
            until=until,
        )
        return tuple(Listed(*row) for row in found)

    async def _rows(self, sql: str, **given: Any) -> Sequence[Row]:
        return await self._client.query(sql, self._whose | {name: _sent(value) for name, value in given.items()})


def _sent(value: Any) -> Any:
    return milliseconds(value) if isinstance(value, datetime) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
