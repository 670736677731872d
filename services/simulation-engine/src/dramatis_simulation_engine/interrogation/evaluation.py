"""How often the offline investigator finds a cause that a scripted stakeholder knows, and how far to trust its beliefs.

    python -m dramatis_simulation_engine.interrogation.evaluation [file …]

Without a file it reads the cases of this package. The format of a file and what the figures mean: cases/README.md.
"""

import argparse
import asyncio
import sys
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from dramatis_contracts.interrogation.v1 import RESIDUAL, InterrogationRequested, Stakeholder
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method import (
    conclusions,
    final_conclusions,
    plan,
    stop_reason,
)
from dramatis_simulation_engine.interrogation.method.beliefs import probabilities_of
from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.interrogation.offline import offline_mind
from dramatis_simulation_engine.interrogation.reading.causes import taxonomy
from dramatis_simulation_engine.interrogation.reading.texts import said_in

BINS = 10
"""Of equal width over 0…1; empty ones count nothing."""
PACKAGED = ("tuning", "tuning_more", "held_out", "plain", "unseen")


@dataclass(frozen=True, slots=True)
class Case:
    """A problem, a stakeholder who knows its cause, and that cause as a name of the taxonomy or `none`."""

    id: str
    problem: str
    stakeholder: Stakeholder
    causes: tuple[str, ...]
    max_interview_messages: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run ended: final beliefs by cause, likeliest first, and the rank of the right one (from 1)."""

    case: Case
    ranking: tuple[tuple[str, float], ...]
    rank: int
    answers: int
    dossier: Dossier

    @property
    def right(self) -> bool:
        return self.rank == 1

    @property
    def confidence(self) -> float:
        return self.ranking[0][1]


def load_cases(text: str, messages: int | None = None) -> tuple[Case, ...]:
    """The cases of a file. `messages` overrides how many each interview may have. Raises `ValueError` for a bad one."""
    return tuple(_case(raw, messages) for raw in tomllib.loads(text)["cases"])


def packaged(name: str) -> tuple[Case, ...]:
    """A file of cases of this package: one of `PACKAGED`."""
    return load_cases((files(__package__) / "cases" / f"{name}.toml").read_text("utf-8"))


def _case(raw: dict[str, Any], messages: int | None) -> Case:
    title = raw.get("title", "Stakeholder")
    fields = {key: raw.get(key) for key in ("age_demography", "tech_savviness", "product_context")}
    profile = " ".join(str(raw.get("profile") or " ".join(raw.get("facts", ()))).split())
    return Case(
        id=raw["id"],
        problem=raw["problem"],
        stakeholder=Stakeholder(title=title, profile=profile, **fields),
        causes=_causes(raw["cause"]),
        max_interview_messages=messages or raw.get("max_interview_messages", 8),
    )


def _causes(stated: str | list[str]) -> tuple[str, ...]:
    """Names of the taxonomy as they are; a cause in words is what the taxonomy reads in it."""
    return tuple(_named(cause) for cause in ([stated] if isinstance(stated, str) else stated))


def _named(cause: str) -> str:
    if cause == RESIDUAL or cause in taxonomy().causes:
        return cause
    titles = {c.title.casefold(): c.name for c in taxonomy().causes.values()}
    if cause.casefold() in titles:
        return titles[cause.casefold()]
    said = {name: what.strength for name, what in said_in(cause).items() if what.strength > 0}
    if not said:
        raise ValueError(f"no cause of the taxonomy is recognised in {cause!r}; name one")
    return max(said, key=said.__getitem__)


async def interrogate(case: Case, mind: Mind, seed: int = 7) -> Dossier:
    """A whole run in memory, step by step as the service runs it, without a log."""
    requested = InterrogationRequested(
        user_input=case.problem,
        stakeholder=case.stakeholder,
        max_interview_messages=case.max_interview_messages,
        mind="offline",
        seed=seed,
    )
    dossier = Dossier(requested)
    dossier = dossier.after(await mind.investigator.distil(dossier))
    dossier = dossier.after(plan(dossier))
    stopped = stop_reason(dossier)
    while stopped is None:
        question = await mind.investigator.ask(dossier)
        if question is None:
            stopped = "exhausted"
            break
        dossier = dossier.after(question)
        answer = await mind.interviewee.answer(dossier, question)
        dossier = dossier.after(answer)
        dossier = dossier.after(await mind.investigator.weigh(dossier, question, answer))
        stopped = stop_reason(dossier)
        dossier = dossier.settled(conclusions(dossier))
    dossier = dossier.settled(final_conclusions(dossier, stopped))
    await mind.investigator.synthesise(dossier, stopped)
    return dossier


def outcome_of(case: Case, dossier: Dossier) -> Outcome:
    """A cause that is no hypothesis at all ranks behind all that are."""
    cause_of = {h.id: h.cause or h.id for h in dossier.hypotheses} | {RESIDUAL: RESIDUAL}
    beliefs = probabilities_of(dossier)
    ranking = tuple(sorted(((cause_of[key], p) for key, p in beliefs.items()), key=lambda item: (-item[1], item[0])))
    names = [name for name, _ in ranking]
    right = [_stated_as(cause, names) for cause in case.causes]
    rank = min((names.index(name) + 1 for name in right if name), default=len(names) + 1)
    answers = sum(exchange.answer is not None for exchange in dossier.exchanges)
    return Outcome(case, ranking, rank, answers, dossier)


def _stated_as(cause: str, names: Sequence[str]) -> str | None:
    """The hypothesis that covers a cause: its own, else what is left of its family."""
    if cause in names:
        return cause
    family = next((f.name for f in taxonomy().families.values() if cause in f.causes), None)
    return family if family in names else None


async def evaluate(cases: Sequence[Case], seed: int = 7) -> tuple[Outcome, ...]:
    """One run for each case, by the offline mind."""
    return tuple([outcome_of(case, await interrogate(case, offline_mind(seed), seed)) for case in cases])


def calibration_error(stated: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error (Naeini et al. 2015): Σ over bins of share × |mean probability − frequency|.

    `stated` holds a probability and whether that came true. Raises `ValueError` if it is empty.
    """
    if not stated:
        raise ValueError("no stated probabilities")
    bins: dict[int, list[tuple[float, bool]]] = {}
    for probability, true in stated:
        bins.setdefault(min(BINS - 1, int(probability * BINS)), []).append((probability, true))
    return sum(abs(sum(p for p, _ in rows) - sum(t for _, t in rows)) for rows in bins.values()) / len(stated)


def of_first(outcomes: Sequence[Outcome]) -> list[tuple[float, bool]]:
    """The belief in each first hypothesis, and whether it was right."""
    return [(outcome.confidence, outcome.right) for outcome in outcomes]


def of_all(outcomes: Sequence[Outcome]) -> list[tuple[float, bool]]:
    """The belief in every hypothesis and the residual; a cause outside of all makes the residual right."""
    return [(probability, name == _true(outcome)) for outcome in outcomes for name, probability in outcome.ranking]


def _true(outcome: Outcome) -> str:
    names = [name for name, _ in outcome.ranking]
    return next((name for cause in outcome.case.causes if (name := _stated_as(cause, names))), RESIDUAL)


def accuracy(outcomes: Sequence[Outcome]) -> float:
    return sum(outcome.right for outcome in outcomes) / len(outcomes)


def report(name: str, outcomes: Sequence[Outcome], seconds: float, *, cases: bool) -> str:
    """The figures of a file, and, if wanted, the ranking of each case."""
    single = sum(o.right and o.ranking[0][0] in o.case.causes for o in outcomes)
    lines = [_line(outcome) for outcome in outcomes] if cases else []
    lines += [
        f"{name}: {len(outcomes)} cases",
        f"  right hypothesis first: {accuracy(outcomes):.1%}; as a hypothesis of its own: {single / len(outcomes):.1%}",
        f"  mean rank of the right one: {sum(o.rank for o in outcomes) / len(outcomes):.2f}",
        f"  ECE of the first belief: {calibration_error(of_first(outcomes)):.3f}; of all beliefs: "
        f"{calibration_error(of_all(outcomes)):.3f} ({BINS} bins of equal width)",
        f"  mean belief in the first: {sum(o.confidence for o in outcomes) / len(outcomes):.3f}",
        f"  {1000 * seconds / len(outcomes):.1f} ms for each run",
    ]
    return "\n".join(lines)


def _line(outcome: Outcome) -> str:
    told = ", ".join(f"{name} {probability:.2f}" for name, probability in outcome.ranking[:4])
    mark = "first" if outcome.right else f"rank {outcome.rank}"
    return f"{outcome.case.id:32} {'/'.join(outcome.case.causes):22} {mark:8} {told}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Prints its report; exit code 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("files", nargs="*", type=Path, help="files of cases; those of the package if none is given")
    parser.add_argument("--messages", type=int, default=None, help="messages of each interview, instead of the file's")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--totals", action="store_true", help="only the totals")
    chosen = parser.parse_args(arguments)
    texts = {str(path): path.read_text("utf-8") for path in chosen.files} or {
        name: (files(__package__) / "cases" / f"{name}.toml").read_text("utf-8") for name in PACKAGED
    }
    for name, text in texts.items():
        cases = load_cases(text, chosen.messages)
        began = time.process_time()
        outcomes = asyncio.run(evaluate(cases, chosen.seed))
        seconds = time.process_time() - began
        sys.stdout.write(report(name, outcomes, seconds, cases=not chosen.totals) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
