"""The score as ClickHouse computes it, once for both directions: of persona and property one side is a row, the other
is given. What is unknown earns nothing, so a score is a lower bound; its terms are whole ten-thousandths, so they sum
to it exactly.

Read with `who_…` the persona and `home_…` the property.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from dramatis_matching.facts import Client, Home
from dramatis_matching.projections import PERSONAS, PROPERTIES
from dramatis_matching.rules import load
from dramatis_projections.client import ClickHousePool, Row

Term = Literal["preference_match", "behavioral_fit", "timing_alignment", "budget_fit"]
TERMS: tuple[Term, ...] = ("preference_match", "behavioral_fit", "timing_alignment", "budget_fit")
UNIT = 10_000
"""Scores and contributions are counted in ten-thousandths."""

_WORDS, _NUMBER, _TEXT = "Array(String)", "Nullable(Float64)", "String"
_WHO = {
    "types": _WORDS,
    "places": _WORDS,
    "musts": _WORDS,
    "breakers": _WORDS,
    "styles": _WORDS,
    "worth": _NUMBER,
    "urgency": _NUMBER,
    "sensitivity": _NUMBER,
    "risk": _NUMBER,
}
_HOME = {
    "price": "Float64",
    "kind": _TEXT,
    "words": _WORDS,
    "featured": "UInt8",
    "styles": _WORDS,
    "places": _WORDS,
    "placed": "UInt8",
    "risks": _WORDS,
}
_COMPUTED = {"featured": "notEmpty(features)"}
"""What is no column. Parameters travel in the address of a request, which a server limits to a megabyte."""

_TERMS_SQL = """
    hasAny(who_breakers, home_words) OR hasAny(who_breakers, home_places) AS refused,
    hasAny(who_types, home_words) AS type_hit,
    notEmpty(who_types) AND (type_hit OR home_kind != '') AS type_known,
    hasAny(who_places, home_places) AS place_hit,
    notEmpty(who_places) AND (place_hit OR home_placed) AS place_known,
    notEmpty(who_musts) AND home_featured AS musts_known,
    if(musts_known, arrayCount(x -> has(home_words, x), who_musts) / length(who_musts), 0) AS musts_share,
    notEmpty(who_styles) AND notEmpty(home_styles) AS style_known,
    style_known AND hasAny(who_styles, home_styles) AS style_hit,
    type_known + place_known + musts_known + style_known AS preferences_known,
    if(preferences_known = 0, -1, (type_hit + place_hit + musts_share + style_hit) / preferences_known)
        AS preference_match,
    home_price / ifNull(who_worth, 1) AS price_share,
    isNotNull(who_worth) AND isNotNull(who_sensitivity) AS price_known,
    isNotNull(who_risk) AND notEmpty(home_risks) AS risk_known,
    1 - ifNull(who_sensitivity, 0) * least(1, price_share / {most:Float64}) AS price_ease,
    if(NOT (price_known OR risk_known), -1,
       (if(price_known, price_ease, 0) + if(risk_known, ifNull(who_risk, 0), 0)) / (price_known + risk_known))
        AS behavioral_fit,
    ifNull(who_urgency, -1) AS timing_alignment,
    if(isNull(who_worth), -1,
       greatest(0, least(1, ({most:Float64} - price_share) / ({most:Float64} - {comfortable:Float64}))))
        AS budget_fit"""


@dataclass(frozen=True, slots=True)
class Scored:
    """One candidate. `values` are 0 to 1 by term, None when unknown; `parts` are contributions, `score` their sum."""

    id: str
    score: int
    values: Mapping[Term, float | None]
    parts: Mapping[Term, int]


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best of a pool. `excluded` of it were ruled out by deal breakers, `matched` reached the minimum."""

    pool: int
    excluded: int
    matched: int
    best: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Criteria:
    """`weights` by term and `minimum` in ten-thousandths; the weights sum to one whole."""

    weights: Mapping[str, int]
    minimum: int
    most_results: int


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on rows, and its parameters."""

    sql: str = "1"
    parameters: Mapping[str, Any] | None = None


def whole_weights(weights: Mapping[str, float]) -> dict[str, int]:
    """Weights of any positive sum as ten-thousandths that sum to one whole (by largest remainder)."""
    total = sum(weights.values())
    exact = {name: UNIT * weight / total for name, weight in weights.items()}
    whole = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda n: whole[n] - exact[n])[: UNIT - sum(whole.values())]:
        whole[name] += 1
    return whole


class Scorer:
    """Asks ClickHouse. Raises `Unavailable`."""

    def __init__(self, pool: ClickHousePool) -> None:
        self._pool = pool

    async def clients(self, tenant: str, home: Home, criteria: Criteria, where: Where) -> Ranking:
        """The best personas of a tenant for a property."""
        given = {f"home_{name}": getattr(home, name) for name in _HOME}
        return await self._rank(
            tenant, PERSONAS.table, _as_rows("who", _WHO), _as_given("home", _HOME), given, criteria, where
        )

    async def homes(self, tenant: str, client: Client, criteria: Criteria, where: Where) -> Ranking:
        """The best properties of a tenant for a persona."""
        given = {f"who_{name}": getattr(client, name) for name in _WHO}
        return await self._rank(
            tenant, PROPERTIES.table, _as_rows("home", _HOME), _as_given("who", _WHO), given, criteria, where
        )

    async def client_facts(self, tenant: str, ids: Sequence[str]) -> dict[str, Client]:
        """The personas of these ids; one that was deleted meanwhile is missing."""
        found = await self._facts(tenant, PERSONAS.table, [field.name for field in fields(Client)], ids)
        return {row[0]: Client(*map(_frozen, row[1:])) for row in found}

    async def home_facts(self, tenant: str, ids: Sequence[str]) -> dict[str, Home]:
        found = await self._facts(tenant, PROPERTIES.table, [field.name for field in fields(Home)], ids)
        return {row[0]: Home(*map(_frozen, row[1:])) for row in found}

    async def _rank(
        self,
        tenant: str,
        table: str,
        rows: str,
        constants: str,
        given: Mapping[str, Any],
        criteria: Criteria,
        where: Where,
    ) -> Ranking:
        budget = load("scoring")["budget"]
        parameters = {
            **{name: _sent(value) for name, value in given.items()},
            **(where.parameters or {}),
            **{f"w_{term}": criteria.weights[term] for term in TERMS},
            "tenant": tenant,
            "minimum": criteria.minimum,
            "comfortable": budget["comfortable"],
            "most": budget["most"],
        }
        async with self._pool.client() as client:
            ((pool, excluded, matched, best),) = await client.query(
                _ranking(table, rows, constants, where.sql, criteria.most_results), parameters
            )
        return Ranking(pool, excluded, matched, tuple(_scored(entry) for entry in best))

    async def _facts(self, tenant: str, table: str, names: Sequence[str], ids: Sequence[str]) -> list[Row]:
        sql = (
            f"SELECT id, {', '.join(names)} FROM {table} FINAL "  # noqa: S608 - constants
            "WHERE tenant = {tenant:String} AND id IN {ids:Array(String)} AND NOT gone"
        )
        async with self._pool.client() as client:
            return await client.query(sql, {"tenant": tenant, "ids": list(ids)})


def _ranking(table: str, rows: str, constants: str, condition: str, most: int) -> str:
    parts = ", ".join(f"toInt32(round({{w_{term}:Int32}} * greatest(0, {term}))) AS part_{term}" for term in TERMS)
    score = " + ".join(f"part_{term}" for term in TERMS)
    values = ", ".join(TERMS)
    entry = f"(-score, id, {values}, {', '.join(f'part_{term}' for term in TERMS)})"
    return f"""
SELECT
    count() AS pool,
    countIf(refused) AS excluded,
    countIf(NOT refused AND score >= {{minimum:Int32}}) AS matched,
    groupArraySortedIf({most})({entry}, NOT refused AND score >= {{minimum:Int32}}) AS best
FROM
(
    WITH {constants}
    SELECT id, {rows}, {_TERMS_SQL}, {parts}, {score} AS score
    FROM {table} FINAL
    WHERE tenant = {{tenant:String}} AND NOT gone AND ({condition})
)"""  # noqa: S608 - constants


def _as_rows(side: str, names: Mapping[str, str]) -> str:
    return ", ".join(f"{_COMPUTED.get(name, name)} AS {side}_{name}" for name in names)


def _as_given(side: str, names: Mapping[str, str]) -> str:
    return ", ".join(f"{{{side}_{name}:{kind}}} AS {side}_{name}" for name, kind in names.items())


def _scored(entry: Sequence[Any]) -> Scored:
    values = [None if value < 0 else float(value) for value in entry[2 : 2 + len(TERMS)]]
    parts = dict(zip(TERMS, map(int, entry[2 + len(TERMS) :]), strict=True))
    return Scored(entry[1], -int(entry[0]), dict(zip(TERMS, values, strict=True)), parts)


def _sent(value: Any) -> Any:
    match value:
        case tuple():
            return list(value)
        case bool():
            return int(value)
    return value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
