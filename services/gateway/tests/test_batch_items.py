"""How one item of a batch is read."""

from typing import Any

import pytest

from dramatis_gateway.batches import simulation_item


@pytest.mark.parametrize("kind", [[], {}, None, 1, "nope"])
def test_an_item_whose_type_is_no_kind_of_simulation_is_refused_alone(kind: Any) -> None:
    refused = simulation_item({"type": kind}).refused
    assert refused is not None
    assert (refused.code, refused.field) == ("INVALID_SIMULATION", "type")
