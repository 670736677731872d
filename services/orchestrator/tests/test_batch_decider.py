"""What may happen to a batch, given – when – then."""

from typing import Any

import pytest

from dramatis_contracts.base import Viewer
from dramatis_contracts.orchestrator import v1
from dramatis_orchestrator.batches.decider import Batch, Cancel, Finish, Request, Start, decide, evolve
from dramatis_orchestrator.batches.names import batch_of, persona_name, simulation_id
from dramatis_orchestrator.batches.projections import decode, encode
from dramatis_testkit.deciders import Given, given

ERROR = v1.ItemError(code="NOT_FOUND", message="no property prop_1", field="property_id")


def item(index: int) -> v1.RequestedItem:
    return v1.RequestedItem(index=index, type="focus_group", id=f"sim_x_{index}", request={})


def requested(items: int = 3, *, continue_on_error: bool = True, **execution: Any) -> v1.BatchRequested:
    return v1.BatchRequested(
        kind="simulations",
        items=tuple(item(index) for index in range(items)),
        continue_on_error=continue_on_error,
        execution=v1.Execution(**execution),
    )


def completed(*places: int) -> tuple[v1.EndedItem, ...]:
    return tuple(v1.EndedItem(index=place, status="completed", id=f"sim_x_{place}") for place in places)


def failed(*places: int) -> tuple[v1.EndedItem, ...]:
    return tuple(v1.EndedItem(index=place, status="failed", error=ERROR) for place in places)


def ended(status: Any = "completed", **counts: int) -> v1.BatchCompleted:
    zero = {"successful": 0, "failed": 0, "skipped": 0, "cancelled": 0}
    return v1.BatchCompleted(kind="simulations", status=status, total=sum(counts.values()), **(zero | counts))


def after(*history: v1.Event) -> Given[Batch]:
    return given(evolve, Batch(), *history)


started = v1.BatchItemsStarted
finished = v1.BatchItemsFinished


def test_no_more_items_start_than_may_be_in_flight() -> None:
    after(requested(5, max_concurrent=2)).when(decide, Start()).then(started(items=(0, 1)))


def test_without_parallel_one_item_starts() -> None:
    after(requested(5, parallel=False)).when(decide, Start()).then(started(items=(0,)))


def test_whoever_ends_makes_room_for_the_next() -> None:
    history = (requested(5, max_concurrent=2), started(items=(0, 1)), finished(items=completed(1)))
    after(*history).when(decide, Start()).then(started(items=(2,)))


def test_nothing_starts_while_all_places_are_taken() -> None:
    history = (requested(5, max_concurrent=2), started(items=(0, 1)))
    after(*history).when(decide, Start()).then()


def test_the_last_end_is_that_of_the_batch() -> None:
    history = (requested(2), started(items=(0, 1)), finished(items=completed(0)))
    after(*history).when(decide, Finish(failed(1))).then(finished(items=failed(1)), ended(successful=1, failed=1))


def test_an_end_that_is_told_twice_is_no_second_event() -> None:
    history = (requested(2), started(items=(0, 1)), finished(items=completed(0)))
    after(*history).when(decide, Finish(completed(0))).then()


def test_the_first_failure_stops_the_batch_where_its_owner_wants_that() -> None:
    history = (requested(4, continue_on_error=False, max_concurrent=2), started(items=(0, 1)))
    stopped = after(*history, finished(items=failed(0)))
    stopped.when(decide, Start()).then()
    stopped.when(decide, Finish(completed(1))).then(
        finished(items=completed(1)), ended("stopped", successful=1, failed=1, skipped=2)
    )


def test_items_that_were_refused_at_once_have_ended() -> None:
    asked = requested(2)
    command = Request("simulations", asked.items, failed(0, 1), continue_on_error=True, viewer=Viewer())
    after().when(decide, command).then(asked, finished(items=failed(0, 1)), ended(failed=2))


def test_a_refused_item_stops_a_batch_that_may_not_go_on_before_it_begins() -> None:
    asked = requested(3, continue_on_error=False)
    command = Request("simulations", asked.items, failed(1), continue_on_error=False, viewer=Viewer())
    after().when(decide, command).then(asked, finished(items=failed(1)), ended("stopped", failed=1, skipped=2))


def test_nothing_starts_after_a_cancellation_and_what_runs_may_still_end() -> None:
    history = (requested(4, max_concurrent=2), started(items=(0, 1)), v1.BatchCancelled())
    after(*history).when(decide, Start()).then()
    after(*history).when(decide, Finish(completed(0))).then(finished(items=completed(0)))


def test_cancelling_twice_changes_nothing() -> None:
    after(requested(), v1.BatchCancelled()).when(decide, Cancel()).then()


def test_what_has_ended_cannot_be_cancelled() -> None:
    history = (requested(1), started(items=(0,)), finished(items=completed(0)), ended(successful=1))
    after(*history).when(decide, Cancel()).rejected("CONFLICT")


def test_nobody_cancels_what_was_never_asked_for() -> None:
    after().when(decide, Cancel()).rejected("NOT_FOUND")


def test_an_id_is_taken_once() -> None:
    command = Request("simulations", (item(0),), (), continue_on_error=True, viewer=Viewer())
    after(requested(1)).when(decide, command).rejected("CONFLICT")


@pytest.mark.parametrize("index", [0, 7, 99])
def test_a_simulation_tells_its_batch(index: int) -> None:
    assert batch_of(simulation_id("batch_5g6h7j8k", index)) == ("batch_5g6h7j8k", index)


def test_a_simulation_that_nobody_batched_tells_none() -> None:
    assert batch_of("sim_8k7j6h5g4f3d2s1a") is None


def test_a_key_names_a_persona_beyond_its_batch_and_never_beyond_its_owner() -> None:
    anybody, agent = Viewer(), Viewer(agent_id="agent_1")
    named = persona_name("a", anybody, "batch_1", 0, "key")
    assert named == persona_name("a", anybody, "batch_2", 5, "key")
    assert named != persona_name("b", anybody, "batch_1", 0, "key")
    assert named != persona_name("a", agent, "batch_1", 0, "key")
    places = {persona_name("a", anybody, batch, place, None) for batch in ("batch_1", "batch_2") for place in (0, 1)}
    assert len(places) == 4


def test_a_batch_is_the_same_after_it_was_kept() -> None:
    state = Batch()
    for event in (requested(3), started(items=(0, 1)), finished(items=failed(1))):
        state = evolve(state, event)
    assert decode(encode(state)) == state
