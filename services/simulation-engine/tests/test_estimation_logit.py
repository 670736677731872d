"""Plain logit: published results are reproduced, and choices that tell nothing are refused by name."""

import numpy as np
import pytest
from observed_choices import electricity, modechoice, swissmetro, synthetic, train

from dramatis_contracts.tastes.v1 import ObservedChoice, Option, TasteModel
from dramatis_simulation_engine.estimation.choices import InvalidChoices, choice_sets
from dramatis_simulation_engine.estimation.fit import fit
from dramatis_simulation_engine.estimation.logit import fit_plain

PLAIN = TasteModel(mixed=False)


def test_it_reproduces_the_published_logit_of_intercity_travel() -> None:
    model = TasteModel(constants=True, covariates={"hinc": ("air",)}, mixed=False)
    found = fit(modechoice(), model).plain
    assert found.log_likelihood == pytest.approx(-199.1284, abs=1e-3)
    assert found.null_log_likelihood == pytest.approx(-291.1218, abs=1e-3)
    assert found.constants_log_likelihood == pytest.approx(-283.7588, abs=1e-3)
    published = {
        "gc": (-0.01550, 0.00441),
        "ttme": (-0.09612, 0.01044),
        "constant: air": (5.20744, 0.77906),
        "constant: train": (3.86904, 0.44313),
        "constant: bus": (3.16319, 0.45027),
        "hinc × air": (0.01329, 0.01026),
    }
    errors = np.sqrt(np.diag(found.covariance))
    for name, (coefficient, error) in published.items():
        place = found.names.index(name)
        assert found.coefficients[place] == pytest.approx(coefficient, abs=2e-5)
        assert errors[place] == pytest.approx(error, abs=2e-5)


def test_it_reproduces_the_published_logit_of_swissmetro_with_options_that_are_not_always_there() -> None:
    found = fit_plain(choice_sets(swissmetro(), TasteModel(constants=True)))
    assert found.log_likelihood == pytest.approx(-5331.252, abs=1e-3)
    named = dict(zip(found.names, found.coefficients, strict=True))
    assert named["time"] == pytest.approx(-1.277859, abs=1e-5)
    assert named["cost"] == pytest.approx(-1.083790, abs=1e-5)


def test_it_reproduces_the_published_logits_of_electricity_and_train() -> None:
    assert fit_plain(choice_sets(electricity(), PLAIN)).log_likelihood == pytest.approx(-4958.649, abs=1e-3)
    assert fit_plain(choice_sets(train(), PLAIN)).log_likelihood == pytest.approx(-1724.150, abs=1e-3)


def test_the_size_of_a_column_changes_its_coefficient_and_nothing_else() -> None:
    tastes = np.tile([1.0, -0.5, 0.3], (60, 1))
    names = ("a", "b", "c")
    usual = fit_plain(choice_sets(synthetic(tastes, names, choices=4), PLAIN))
    sizes = np.array([1e-3, 1e6, 1.0])
    unusual = fit_plain(choice_sets(synthetic(tastes, names, choices=4, sizes=sizes), PLAIN))
    assert unusual.log_likelihood == pytest.approx(usual.log_likelihood, abs=1e-8)
    assert unusual.coefficients * sizes == pytest.approx(usual.coefficients, rel=1e-6)
    errors = np.sqrt(np.diag(unusual.covariance)) * sizes
    assert errors == pytest.approx(np.sqrt(np.diag(usual.covariance)), rel=1e-6)


def test_intervals_of_coefficients_cover_the_truth() -> None:
    truth = np.array([1.0, -0.5])
    covered = []
    for seed in range(200):
        found = fit_plain(choice_sets(synthetic(np.tile(truth, (80, 1)), ("a", "b"), choices=2, seed=seed), PLAIN))
        covered.append(np.abs(found.coefficients - truth) <= 1.96 * np.sqrt(np.diag(found.robust_covariance)))
    assert 0.92 <= np.mean(covered) <= 0.98


def test_errors_clustered_by_person_are_larger_where_people_differ() -> None:
    people = np.random.default_rng(1).normal(size=(80, 1)) * 2
    found = fit_plain(choice_sets(synthetic(people, ("a",), choices=10), PLAIN))
    assert found.robust_covariance[0, 0] > 2 * found.covariance[0, 0]


def menu(chosen: str, *levels: dict[str, float], person: str | None = None) -> ObservedChoice:
    options = tuple(Option.model_construct(name=f"o{i}", attributes=each) for i, each in enumerate(levels))
    return ObservedChoice.model_construct(person=person, options=options, chosen=chosen, covariates={})


GOOD = menu("o0", {"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0})
OTHER = menu("o1", {"a": 1.0, "b": 3.0}, {"a": 0.0, "b": 1.0})
THIRD = menu("o1", {"a": 1.0, "b": 0.5}, {"a": 0.0, "b": 1.5})


@pytest.mark.parametrize(
    ("choices", "field", "issue"),
    [
        ([], "choices", "no choices"),
        ([GOOD, menu("o7", {"a": 1.0}, {"a": 0.0})], "choices[1].chosen", "'o7' is not among the options: o0, o1"),
        ([menu("o0", {"a": 1.0})], "choices[0].options", "at least two"),
        ([menu("o0", {"a": float("nan")}, {"a": 1.0})], "choices[0].options[0].attributes.a", "finite"),
        ([GOOD, menu("o0", {"a": 1.0, "b": 1.0}, {"a": 0.0})], "choices[1].options[1].attributes.b", "missing"),
        ([menu("o0", {"a": 1.0, "b": 2.0}, {"a": 0.0, "b": 2.0})], "choices", "'b' is the same for all options"),
        ([GOOD, menu("o1", {"a": 2.0, "b": 0.0}, {"a": 0.0, "b": 2.0})], "choices", "collinear"),
        ([menu("o0", {"a": 3.0}, {"a": 1.0}), menu("o0", {"a": 2.0}, {"a": 1.5})], "choices", "'a' foretells"),
    ],
)
def test_choices_that_tell_nothing_are_refused_with_the_field(
    choices: list[ObservedChoice], field: str, issue: str
) -> None:
    with pytest.raises(InvalidChoices, match=issue) as refused:
        fit_plain(choice_sets(choices, PLAIN))
    assert refused.value.field == field


def test_options_of_the_same_name_are_refused() -> None:
    twice = ObservedChoice(options=(Option(name="x", attributes={"a": 1}), Option(name="x")), chosen="x")
    with pytest.raises(InvalidChoices, match="two options are called 'x'"):
        choice_sets([twice], PLAIN)


def test_a_constant_of_an_option_that_nobody_chose_is_refused() -> None:
    with pytest.raises(InvalidChoices, match="'o0' is never chosen"):
        choice_sets([OTHER, THIRD], TasteModel(constants=True))


def test_quasi_complete_separation_is_found_however_the_columns_are_sized() -> None:
    mixed = [GOOD, OTHER, THIRD]
    with_sign = [
        menu(
            c.chosen,
            *({**o.attributes, "s": 1e5 * (o.name == c.chosen) * (i != 1)} for o in c.options),
        )
        for i, c in enumerate(mixed * 5)
    ]
    with pytest.raises(InvalidChoices, match="'s'"):
        fit_plain(choice_sets(with_sign, PLAIN))


def test_an_option_without_attributes_is_the_option_to_choose_nothing() -> None:
    generator = np.random.default_rng(3)
    choices = []
    for _ in range(2000):
        level = float(generator.normal())
        takes = generator.uniform() < 1 / (1 + np.exp(0.5 - level))
        offered = (Option(name="home", attributes={"quality": level}), Option(name="none"))
        choices.append(ObservedChoice(options=offered, chosen="home" if takes else "none"))
    found = fit_plain(choice_sets(choices, TasteModel(constants=True)))
    named = dict(zip(found.names, found.coefficients, strict=True))
    assert named["quality"] == pytest.approx(1.0, abs=0.2)
    assert named["constant: none"] == pytest.approx(0.5, abs=0.2)


def test_a_logarithm_makes_the_unit_of_price_indifferent() -> None:
    def offers(unit: float) -> list[ObservedChoice]:
        generator = np.random.default_rng(5)
        found = []
        for _ in range(200):
            prices = generator.uniform(1, 3, size=2)
            chosen = int(np.argmax(-2 * np.log(prices) + generator.gumbel(size=2)))
            offered = tuple(Option(name=f"o{i}", attributes={"price": p * unit}) for i, p in enumerate(prices))
            found.append(ObservedChoice(options=offered, chosen=f"o{chosen}"))
        return found

    model = TasteModel(log=("price",), mixed=False)
    dollars = fit_plain(choice_sets(offers(1.0), model))
    cents = fit_plain(choice_sets(offers(100.0), model))
    assert cents.coefficients == pytest.approx(dollars.coefficients, rel=1e-9)
    assert dollars.coefficients[0] == pytest.approx(-2.0, abs=0.8)
    with pytest.raises(InvalidChoices, match="above 0") as refused:
        choice_sets([menu("o0", {"price": 0.0}, {"price": 1.0})], model)
    assert refused.value.field == "choices[0].options[0].attributes.price"


def test_a_covariate_that_is_missing_is_named() -> None:
    choices = [GOOD, OTHER, THIRD]
    with pytest.raises(InvalidChoices) as refused:
        choice_sets(choices, TasteModel(constants=True, covariates={"income": ("o1",)}))
    assert refused.value.field == "choices[0].covariates.income"
    with pytest.raises(InvalidChoices) as refused:
        choice_sets(choices, TasteModel(constants=True, covariates={"income": ("o9",)}))
    assert refused.value.field == "model.covariates.income[0]"
