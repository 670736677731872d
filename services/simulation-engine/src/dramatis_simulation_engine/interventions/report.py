"""From the compared sequences to what a client reads. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dramatis_contracts.simulation_engine.follow_up import Intervention
from dramatis_contracts.simulation_engine.v1 import Estimate, Headline, Recommendation, Summary
from dramatis_simulation_engine import findings
from dramatis_simulation_engine.interventions import phrases
from dramatis_simulation_engine.interventions.design import Compared, Design, Rate, Variation
from dramatis_simulation_engine.interventions.process import ANNOYED, CONSIDERING, STATES, Respondents, trajectory
from dramatis_simulation_engine.interventions.questions import Answers, Question
from dramatis_simulation_engine.interventions.selection import Selection, select
from dramatis_simulation_engine.interventions.sequence import Contact, Plan, Sequence_
from dramatis_simulation_engine.interventions.vocabulary import Vocabulary, load_vocabulary
from dramatis_simulation_engine.outcome import Outcome
from dramatis_simulation_engine.respondents import Respondents as Asked
from dramatis_simulation_engine.seeds import Floats
from dramatis_simulation_engine.statistics import Consensus, Evidence, consensus_on
from dramatis_simulation_engine.statistics import Design as Chosen

UNREAD_SHOWN = 500
_HALF_A_POINT = 0.005
_WHOLE = 1 + 1e-9
"""A difference of probabilities is no larger; just above 1, so that it is not taken for a difference of shares."""


@dataclass(frozen=True)
class Report:
    """Everything that the sentences and tables are made of."""

    intervention: Intervention
    plan: Plan
    design: Design
    compared: Compared
    rate: Rate
    followed: Respondents
    respondents: Asked[Question]
    answers: Sequence[Answers]
    seed: int
    modelled: Asked[Question] | None
    """The same people as the choice model has them, where others answered."""

    @property
    def vocabulary(self) -> Vocabulary:
        return load_vocabulary()

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence.of(
            self.respondents.people,
            seed=self.seed,
            model_version=self.respondents.model_version,
            calibration=self.respondents.calibration,
        )

    @cached_property
    def selection(self) -> Selection:
        return select(self.compared, self.evidence, Chosen.of(self.respondents.people), self.seed)

    @property
    def chosen(self) -> Sequence_:
        return self.compared.sequences[self.selection.chosen]

    @property
    def leading(self) -> Sequence_:
        return self.compared.sequences[self.selection.leading]

    @cached_property
    def estimates(self) -> list[Estimate]:
        """The rate of each compared sequence."""
        return self.evidence.mean_estimates(self.compared.rates, low=0.0, high=1.0)

    @cached_property
    def gains(self) -> list[Estimate]:
        """Each compared sequence less the client's own."""
        return self._differences(self.compared.rates - self.compared.rates[:, :1])

    def _differences(self, values: Floats) -> list[Estimate]:
        """Nearly everybody differs a little, so the mean is near normal: Student's t rather than shares of gains."""
        return self.evidence.mean_estimates(values, low=-_WHOLE, high=_WHOLE)

    @cached_property
    def effects(self) -> dict[int, Estimate]:
        """What each step of the client's own sequence adds, given the others; by its place."""
        return self._effects(self.design.own)

    @cached_property
    def chosen_effects(self) -> dict[int, Estimate]:
        return self._effects(self.chosen) if self.selection.separated else self.effects

    def _effects(self, sequence: Sequence_) -> dict[int, Estimate]:
        if not sequence:
            return {}
        without = [tuple(c for c in sequence if c is not contact) for contact in sequence]
        gains = self.rate([sequence])[:, :1] - self.rate(without)
        estimates = self._differences(gains)
        return {contact.place: estimate for contact, estimate in zip(sequence, estimates, strict=True)}

    @cached_property
    def unread(self) -> tuple[tuple[str, str], ...]:
        """(field, text) of all that was not understood, once."""
        return tuple(dict.fromkeys((*self.plan.unrecognized, *self.respondents.unrecognized)))

    @cached_property
    def consensus(self) -> Consensus:
        """Do at least so many people do better with the leading sequence than with its strongest rival?"""
        rates = self.compared.rates
        lead = self.selection.leading
        rival = 0 if lead else self._runner_up()
        better = np.sign(np.round(rates[:, lead] - rates[:, rival], 9))
        shares = np.stack([(1 + better) / 2, (1 - better) / 2], axis=1)
        return consensus_on(shares, self.evidence, self.intervention.simulation_parameters.consensus_threshold)

    def _runner_up(self) -> int:
        means = self.compared.rates.mean(axis=0)
        means[self.selection.leading] = -1.0
        return int(np.argmax(means))

    @property
    def within(self) -> str:
        """When a conversion counts, in words."""
        return f"within {self.design.horizon} days of the {self.plan.after}"

    @property
    def conversion(self) -> str:
        """What conversion is, in words."""
        return f"{self.plan.interaction.converts} {self.within}"

    def outcome(self, details: dict[str, Any] | None) -> Outcome:
        """The results; `details` is None where only a summary was asked for."""
        insights = (*self._insights(), *self._caveats())
        return Outcome(
            summary=Summary(
                consensus_reached=self.consensus.reached,
                confidence_level=self.consensus.probability,
                key_findings=insights,
            ),
            recommendations=tuple(self._recommendations()),
            headlines=tuple(self._headlines()),
            unrecognized=tuple(dict.fromkeys(text for _, text in self.unread))[:UNREAD_SHOWN],
            n_respondents=len(self.respondents.people),
            model_version=self.respondents.model_version,
            detailed_results=details,
            predicted_results={
                "optimal_sequence": self._optimal(),
                "predicted_conversion_rate": self.estimates[self.selection.chosen].value,
                "key_insights": list(insights),
                "conversion": self.conversion,
                "horizon_days": self.design.horizon,
            },
        )

    # What is predicted

    def _optimal(self) -> dict[str, Any]:
        chosen = self.selection.chosen
        kept = {contact.place for contact in self.chosen}
        return {
            "steps": [self._step(contact) for contact in self.chosen],
            "left_out": [c.place + 1 for c in self.design.own if c.place not in kept],
            "not_understood": [i + 1 for i, step in enumerate(self.plan.steps) if step.contact is None],
            "as_planned": chosen == 0,
            "changes": phrases.changes(self.plan, self.chosen, self.vocabulary),
            "expected_conversion": estimate_json(self.estimates[chosen]),
            "against_plan": estimate_json(self.gains[chosen]),
            "probability_best": self.selection.probability_best[chosen],
            "sequences_compared": len(self.compared.sequences),
        }

    def _step(self, contact: Contact) -> dict[str, Any]:
        planned = self.plan.steps[contact.place]
        own = planned.contact
        names = {"timing": "day", "channel": "channel", "tone": "tone"}
        changed = [name for name, field in names.items() if getattr(own, field) != getattr(contact, field)]
        return {
            "step": planned.step.step,
            "timing": phrases.timing(self.plan, contact),
            "day": contact.day,
            "action": planned.step.action,
            "channel": contact.channel,
            "tone": contact.tone,
            "about": list(contact.contents),
            "content": planned.step.content,
            "script_points": list(planned.step.script_points),
            "includes": list(planned.step.includes),
            "changed": changed,
            "adds": estimate_json(self.chosen_effects[contact.place]),
        }

    def _headlines(self) -> Iterator[Headline]:
        who = f"A person like those asked {self.conversion}"
        nothing = self.compared.sequences.index(())
        yield Headline(
            name="follow_up.as_planned.conversion",
            estimate=self.estimates[0],
            unit="probability",
            statement=f"{who}, when followed up as planned.",
        )
        yield Headline(
            name="follow_up.none.conversion",
            estimate=self.estimates[nothing],
            unit="probability",
            statement=f"{who}, when not followed up at all.",
        )
        if self.selection.separated:
            changed = phrases.joined(phrases.changes(self.plan, self.chosen, self.vocabulary))
            yield Headline(
                name="follow_up.optimal.conversion",
                estimate=self.estimates[self.selection.chosen],
                unit="probability",
                statement=f"{who}, when followed up as planned with these changes: {changed}.",
            )
        for place, estimate in self.effects.items():
            yield Headline(name=f"follow_up.step_{place + 1}.effect", estimate=estimate, unit="difference")

    def _recommendations(self) -> Iterator[Recommendation]:
        chosen = self.selection.chosen
        changed = phrases.joined(phrases.changes(self.plan, self.chosen, self.vocabulary))
        action = f"Change the sequence: {changed}" if chosen else "Keep the sequence as it is planned"
        gain = self.gains[chosen] if chosen else self.gains[self.compared.sequences.index(())]
        yield Recommendation(
            action=action,
            impact=_impact(abs(gain.value or 0.0)),
            # Where another sequence leads and cannot be told from the planned one, nothing is known to be the best.
            confidence=self.selection.probability_best[chosen] if chosen == self.selection.leading else None,
        )

    # In sentences

    def _insights(self) -> Iterator[str]:
        nothing = self.estimates[self.compared.sequences.index(())]
        yield (
            f"A person like those asked {self.conversion} with a probability of {findings.share(self.estimates[0])} "
            f"when followed up as planned, and of {findings.share(nothing)} when not followed up at all."
        )
        for contact in self.design.own:
            yield self._effect(contact)
        yield from self._best()
        yield from self._changes_alone()
        if self.chosen:
            yield self._states()
        yield self._agreement()

    def _effect(self, contact: Contact) -> str:
        effect = self.effects[contact.place]
        name = phrases.step_in_words(self.plan, contact)
        if effect.low is None or effect.high is None:
            return f"{name}: {findings.change(effect)} of conversion, given the other steps."
        if abs(effect.value or 0.0) < _HALF_A_POINT:
            return f"{name} makes hardly a difference, given the other steps: {findings.change(effect)} of conversion."
        if effect.low > 0:
            return f"{name} adds {findings.change(effect)} of conversion, given the other steps."
        if effect.high < 0:
            return f"{name} costs conversion, given the other steps: {findings.change(effect)}."
        return f"{name}: {findings.change(effect)} of conversion, given the other steps; this may be no effect at all."

    def _best(self) -> Iterator[str]:
        count = len(self.compared.sequences)
        lead = self.selection.leading
        changed = phrases.joined(phrases.changes(self.plan, self.leading, self.vocabulary))
        likely = findings.probability(self.selection.probability_best[lead])
        if lead == 0:
            yield (
                f"Of {count} sequences compared, none is predicted to convert more than the planned one "
                f"(probability that it is the best of them: {likely})."
            )
            return
        found = (
            f"Of {count} sequences compared, the highest prediction is for this change of the plan: {changed}. "
            f"It converts {findings.share(self.estimates[lead])}, {findings.change(self.gains[lead])} against the plan "
            f"(probability that it is the best of them: {likely})."
        )
        yield found
        if not self.selection.separated:
            yield (
                "With so many sequences compared and these people asked, no other can be told from the planned one: "
                "the plan stays."
            )

    def _changes_alone(self) -> Iterator[str]:
        """The largest gain of one change of each kind, where there is one that stands alone."""
        best: dict[str, tuple[float, Variation]] = {}
        for variation, place in self.compared.alone.items():
            gain = self.gains[place].value or 0.0
            if variation.kind not in best or gain > best[variation.kind][0]:
                best[variation.kind] = (gain, variation)
        for gain, variation in best.values():
            place = self.compared.alone[variation]
            if place == self.selection.leading or gain < _HALF_A_POINT:
                continue
            said = phrases.joined(phrases.changes(self.plan, self.compared.sequences[place], self.vocabulary))
            yield f"Changed alone, {said}: {findings.change(self.gains[place])}."

    def _agreement(self) -> str:
        lead = self.selection.leading
        rival = "the planned one" if lead else "the next best"
        which = "the leading sequence" if lead else "the planned sequence"
        share = findings.percent(self.consensus.threshold)
        sure = findings.probability(self.consensus.probability)
        return f"At least {share} of people do better with {which} than with {rival}: probability {sure}."

    def _states(self) -> str:
        path = trajectory(self.followed, self.chosen, self.design.horizon)
        last = self.evidence.mean_estimates(path[:, -2, [CONSIDERING, ANNOYED]], low=0.0, high=1.0)
        return (
            f"After the last step, {findings.share(last[0])} consider the next step and "
            f"{findings.share(last[1])} are annoyed."
        )

    def _caveats(self) -> Iterator[str]:
        for i, step in enumerate(self.plan.steps):
            if step.contact is None:
                yield f"Step {i + 1} ('{step.step.action}') is not understood and is left out of account."
        if self.respondents.kind == "statistical":
            yield "Reactions are assumed, not measured: this is what such people would do if the assumptions hold."
        if texts := list(dict.fromkeys(text for _, text in self.unread)):
            more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
            yield f"Not understood and left out of account: {findings.listed(texts[:10])}{more}."

    def path(self, sequence: Sequence_) -> list[dict[str, Any]]:
        """The states after the first contact, each step and at the horizon, as JSON."""
        path = trajectory(self.followed, sequence, self.design.horizon)
        moments = [("first contact", 0), *((f"step {c.place + 1}", c.day) for c in sequence)]
        moments.append(("end", self.design.horizon))
        return [
            {"after": name, "day": day, "states": self._states_json(path[:, moment])}
            for moment, (name, day) in enumerate(moments)
        ]

    def _states_json(self, standing: Floats) -> dict[str, Any]:
        estimates = self.evidence.mean_estimates(standing, low=0.0, high=1.0)
        return {state: estimate_json(e) for state, e in zip(STATES, estimates, strict=True)}


def _impact(effect: float) -> Any:
    if effect >= 0.10:
        return "high"
    return "medium" if effect >= 0.03 else "low"


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    return estimate.model_dump(mode="json")
