"""Words as brokers use them: what a feature, a change, a wish and a person's own field must never be taken for."""

import pytest
from simulation_scene import person

from dramatis_contracts.persona.v1 import Insight
from dramatis_simulation_engine.focus_group.tastes import Household, Tastes, load_assumptions, tastes_of
from dramatis_simulation_engine.taxonomy import load_taxonomy


def of_family(status: str) -> Tastes:
    return tastes_of(person(demographics={"family_status": status}), load_assumptions())


def of_trait(text: str, kind: str = "trait") -> Tastes:
    learnt = Insight.model_validate({"kind": kind, "text": text, "source": "call", "confidence": 0.9})
    return tastes_of(person(insights=(learnt,)), load_assumptions())


def taste(tastes: Tastes, attribute: str) -> float:
    return sum(shift.value for shift in tastes.shifts if shift.attribute == attribute)


@pytest.mark.parametrize(
    ("status", "adults", "children"),
    [
        ("Married, no children", 2, 0),
        ("Single, no kids", 1, 0),
        ("Married without kids", 2, 0),
        ("Child-free couple", 2, 0),
        ("Never married", 1, 0),
        ("Married, kids in college", 2, 0),
        ("Family of five", 2, 3),
        ("Married with 2 kids and 1 dog", 2, 2),
        ("Married, 2 sons and a daughter", 2, 3),
        ("Married, twins", 2, 2),
        ("Married, 3 kids (ages 4, 7, 9)", 2, 3),
        ("Expecting first child", 1, 1),
    ],
)
def test_a_household_is_counted_as_its_words_say(status: str, adults: int, children: int) -> None:
    assert of_family(status).household == Household(adults, children)


@pytest.mark.parametrize("status", ["Married, no children", "Single, no kids", "Childless couple", "Child-free couple"])
def test_who_has_no_children_does_not_look_for_schools(status: str) -> None:
    assert taste(of_family(status), "schools") <= 0
    assert taste(of_family("Married, 2 children"), "schools") > 0


@pytest.mark.parametrize(
    ("trait", "attribute"),
    [
        ("hates stairs", "stairs"),
        ("dislikes noise", "noise"),
        ("avoids highways", "noise"),
        ("doesn't like pools", "pool"),
        ("allergic to dogs", "pets"),
        ("hates renovation", "condition"),
    ],
)
def test_a_trait_of_aversion_lowers_the_taste(trait: str, attribute: str) -> None:
    assert taste(of_trait(trait), attribute) < 0


@pytest.mark.parametrize(
    ("trait", "attribute"),
    [
        ("light sleeper", "quiet"),
        ("sensitive to noise", "quiet"),
        ("works remotely", "home_office"),
        ("avid golfer", "fitness"),
        ("loves horses", "garden"),
        ("loves to cook", "kitchen"),
        ("has two dogs", "pets"),
        ("uses a wheelchair", "access"),
        ("avid reader", "library"),
        ("boater", "water"),
        ("grandchildren visit often", "guest"),
    ],
)
def test_a_way_of_life_raises_the_taste_for_what_it_needs(trait: str, attribute: str) -> None:
    assert taste(of_trait(trait), attribute) > 0


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("exposed brick", {"interior": 1}),
        ("central air", {"condition": 1}),
        ("wood-burning fireplace", {"interior": 1}),
        ("putting green", {"fitness": 1}),
        ("country club", {"fitness": 1}),
        ("grab bars", {"access": 1}),
        ("cell tower", {"hazard": 1}),
        ("hurricane windows", {"security": 1}),
        ("earthquake retrofit", {"security": 1}),
        ("low taxes", {"investment": 1}),
        ("north-facing", {"needs_work": 1}),
        ("southern exposure", {"light": 1}),
        ("butler's pantry", {"kitchen": 1}),
        ("service elevator", {"staff": 1}),
        ("convert garage to gym", {"parking": -1, "fitness": 1}),
        ("convert to smart home", {"smart_home": 1}),
        ("less than 3 bedrooms", {"bedroom": -1}),
    ],
)
def test_a_phrase_is_more_than_its_words(text: str, signs: dict[str, int]) -> None:
    reading = load_taxonomy().read(text)
    assert (dict(reading.signs), reading.unknown) == (signs, ())


LUXURY = """
private elevator; chef's kitchen; scullery; boot room; waterfall island; sub-zero refrigerator; infinity pool; bbq;
putting green; cigar room; speakeasy; hair salon; cold plunge; deepwater dock; boathouse; yacht slip; beach club;
hudson river view; golf course view; unobstructed views; white-glove service; 24-hour security; cctv; biometric access;
porte cochere; 6-car garage; car lift; tesla charger; powerwall; geothermal heating; radiant heated floors; hvac;
lutron lighting; crestron; automated shades; zoom room; au pair suite; dumbwaiter; his and hers closets; horse barn;
riding arena; paddocks; greenhouse; koi pond; fountain; sunroom; conservatory; lanai; vaulted ceilings; crown molding;
herringbone floors; terrazzo; spiral staircase; breakfast nook; homework room; top-rated schools; dog wash station;
tear-down; development potential; air rights; flip tax; special assessment; high taxes; no pets; foundation issues;
aging in place; cul-de-sac; corner unit; bauhaus; japandi; wabi-sabi; shingle style; hollywood regency; net zero;
private island; clubhouse; trophy property; starchitect; repaint walls; remove wall; open up kitchen; declutter;
price reduction; septic; washer dryer; south-facing; french doors; indoor-outdoor flow; bunker; hiking trails; seawall;
impact glass; double vanity; rain shower; intercom; package room; business center; country club; pied-à-terre
"""


def test_words_of_luxury_listings_are_understood_without_rest() -> None:
    texts = [text.strip() for text in LUXURY.replace("\n", " ").split(";")]
    readings = [load_taxonomy().read(text) for text in texts]
    assert [r.text for r in readings if not r.understood or r.unknown] == []


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("occupation", "Sculptor; Ambassador; Anesthesiologist; Rancher; Vintner; Podcaster; Teacher; Remote Worker"),
        ("family_status", "Domestic partnership; Newlyweds; Multi-generational household; DINK; Pregnant"),
        ("decision_making", "skeptical; hesitant; committee; authoritative; research-oriented; relationship-driven"),
        ("communication_style", "no-nonsense; guarded; written; empathetic; through assistant; businesslike"),
    ],
)
def test_words_for_people_are_understood(field: str, texts: str) -> None:
    for text in texts.split("; "):
        if field in ("occupation", "family_status"):
            who = person(demographics={field: text})
        else:
            who = person(behavioral_traits={field: text})
        assert tastes_of(who, load_assumptions()).unrecognized == ()


def test_a_text_without_words_affirms_nothing() -> None:
    assert load_assumptions().lexicons["family"].affirmed("…!") == ()
