"""How to approach a client, by rules over what the persona's fields say; what they do not say stays open. Pure."""

from collections.abc import Sequence

from dramatis_contracts.matching.v1 import MatchEvidence, OutreachStrategy
from dramatis_matching.facts import Client
from dramatis_matching.rules import load

_HIGH = 0.75
_POINTS = 5


def strategy(client: Client, found: Sequence[MatchEvidence]) -> OutreachStrategy:
    """The talking points are what speaks for the match, five at most."""
    points = [piece.text for piece in found if piece.favours and _may_be_said(piece)]
    return OutreachStrategy(
        recommended_approach=approach(client),
        talking_points=tuple(points[:_POINTS]),
        best_showing_time=showing_time(client),
    )


def approach(client: Client) -> str | None:
    """By how decisions are made, else by the sensitivity to prices, else by the urgency."""
    known: dict[str, str] = load("scoring")["approaches"]
    if client.decision in known:
        return known[client.decision]
    if client.sensitivity is not None and client.sensitivity >= _HIGH:
        return "emphasize_price"
    if client.urgency is not None and client.urgency >= _HIGH:
        return "offer_an_early_showing"
    return None


def showing_time(client: Client) -> str | None:
    """Who is in a hurry: the first time there is; the retired on weekday mornings; who works, or has children, on
    weekend mornings."""
    if client.urgency is not None and client.urgency >= _HIGH:
        return "first_available"
    if client.occupied == "retired":
        return "weekday_morning"
    if client.occupied == "working" or client.household == "children":
        return "weekend_morning"
    return None


def _may_be_said(piece: MatchEvidence) -> bool:
    """What one knows of a client's money, temper or haste is no subject for a conversation."""
    return piece.persona_field.startswith("preferences.")
