"""Whose turn it is, in a real MongoDB: several engines work on the same document."""

import asyncio

from pymongo.asynchronous.database import AsyncDatabase

from dramatis_kit import Document
from dramatis_simulation_engine.turns import Standing, Turns

TENANT = "brk_1"
Database = AsyncDatabase[Document]


async def test_beyond_the_limit_they_wait_in_the_order_of_arrival(database: Database) -> None:
    turns = Turns(database, limit=2)
    for name in ("a", "b", "c", "d"):
        after = await turns.enter(TENANT, name)
    assert (set(after.active), after.waiting) == ({"a", "b"}, ("c", "d"))
    assert [after.position(name) for name in ("a", "c", "d", "unknown")] == [None, 1, 2, None]


async def test_who_enters_twice_keeps_the_place(database: Database) -> None:
    turns = Turns(database, limit=1)
    for name in ("a", "b", "c"):
        await turns.enter(TENANT, name)
    before = await turns.standing(TENANT)
    assert await turns.enter(TENANT, "a") == before
    assert await turns.enter(TENANT, "b") == before


async def test_an_end_lets_the_next_one_in_and_a_repeated_one_nobody(database: Database) -> None:
    turns = Turns(database, limit=1)
    for name in ("a", "b", "c"):
        await turns.enter(TENANT, name)
    after = await turns.leave(TENANT, "a")
    assert (set(after.active), after.waiting) == ({"b"}, ("c",))
    assert await turns.leave(TENANT, "a") == after
    assert (await turns.leave(TENANT, "unknown")) == after


async def test_who_gives_up_while_waiting_moves_the_others_up(database: Database) -> None:
    turns = Turns(database, limit=1)
    for name in ("a", "b", "c"):
        await turns.enter(TENANT, name)
    after = await turns.leave(TENANT, "b")
    assert (set(after.active), after.waiting, after.position("c")) == ({"a"}, ("c",), 1)


async def test_only_one_whose_request_was_let_pass_has_to_be_told(database: Database) -> None:
    turns = Turns(database, limit=1)
    assert await turns.arrive(TENANT, "a")
    assert not await turns.arrive(TENANT, "b")
    await turns.enter(TENANT, "c")  # its request is still to come by the work queue
    assert (await turns.leave(TENANT, "a")).untold == ("b",)
    assert (await turns.leave(TENANT, "x")).untold == ("b",)
    await turns.told(TENANT, "b")
    assert (await turns.leave(TENANT, "b")).untold == ()
    assert await turns.arrive(TENANT, "c")


async def test_one_who_was_let_pass_and_gave_up_is_not_told(database: Database) -> None:
    turns = Turns(database, limit=1)
    await turns.enter(TENANT, "a")
    await turns.arrive(TENANT, "b")
    await turns.leave(TENANT, "b")
    assert await turns.leave(TENANT, "a") == Standing()


async def test_within_the_limit_one_may_wait_for_a_worker_without_a_position(database: Database) -> None:
    turns = Turns(database, limit=3, at_work=1)
    for name in ("a", "b", "c", "d"):
        after = await turns.enter(TENANT, name)
    assert (set(after.active), after.waiting) == ({"a"}, ("b", "c", "d"))
    assert [after.position(name) for name in ("a", "b", "c", "d")] == [None, None, None, 1]
    after = await turns.leave(TENANT, "a")
    assert (set(after.active), after.position("d")) == ({"b"}, None)


async def test_tenants_do_not_wait_for_one_another(database: Database) -> None:
    turns = Turns(database, limit=1)
    for name in ("a", "b"):
        await turns.enter(TENANT, name)
    assert (await turns.enter("brk_2", "c")).position("c") is None
    waiting = [(tenant, standing.waiting) async for tenant, standing in turns.where_somebody_waits()]
    assert waiting == [(TENANT, ("b",))]


async def test_a_higher_limit_lets_more_in_and_a_lower_one_ends_nothing(database: Database) -> None:
    for name in ("a", "b", "c", "d"):
        await Turns(database, limit=1).enter(TENANT, name)
    after = await Turns(database, limit=3).settle(TENANT)
    assert (set(after.active), after.waiting) == ({"a", "b", "c"}, ("d",))
    lower = Turns(database, limit=2)
    assert (await lower.leave(TENANT, "a")).waiting == ("d",)
    assert (await lower.leave(TENANT, "b")).waiting == ()


async def test_many_engines_at_once_admit_no_more_than_the_limit_and_lose_nobody(database: Database) -> None:
    engines = [Turns(database, limit=3) for _ in range(4)]
    names = [f"sim_{number}" for number in range(40)]
    await asyncio.gather(*(engines[n % 4].enter(TENANT, name) for n, name in enumerate(names)))
    begun: list[str] = []
    while active := (await engines[0].standing(TENANT)).active:
        assert len(active) <= 3
        begun.extend(sorted(active))
        await asyncio.gather(*(engines[n].leave(TENANT, name) for n, name in enumerate(sorted(active))))
    assert sorted(begun) == sorted(names)
