"""The trace context crosses calls and events, under names that say nothing of tenants."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from dramatis_bus import BatchConsumer, Call, OrderedConsumer, Received
from dramatis_contracts.base import Request, Resource
from dramatis_contracts.rpc import Method


class Ask(Request):
    pass


class Answer(Resource):
    trace: str


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    for module in ("rpc", "server", "dispatch", "batches"):
        monkeypatch.setattr(f"dramatis_bus.{module}.tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def trace_id() -> str:
    return f"{trace.get_current_span().get_span_context().trace_id:032x}"


def by_name(spans: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


async def test_a_call_is_answered_within_its_callers_trace(stage: Any, spans: InMemorySpanExporter) -> None:
    method: Method[Ask, Answer] = Method(stage.service, "ask", Ask, Answer)

    async def answer(_call: Call[Ask]) -> Answer:
        return Answer(trace=trace_id())

    async with stage.open() as bus:
        bus.serve(method, answer)
        await bus.start()
        answered = await bus.call(method, Ask(), tenant="ten_secret")
    asked, served = by_name(spans)[f"call {stage.service}.ask"], by_name(spans)[f"answer {stage.service}.ask"]
    assert asked.context is not None
    assert served.parent is not None
    assert answered.trace == f"{asked.context.trace_id:032x}"
    assert served.parent.span_id == asked.context.span_id
    assert "ten_secret" not in " ".join(span.to_json() for span in (asked, served))


async def test_an_event_is_handled_within_the_trace_that_caused_it(
    stage: Any, until: Any, spans: InMemorySpanExporter
) -> None:
    cause = "0af7651916cd43dd8448eb211c80319c"
    seen: list[str] = []

    async def note(received: Received) -> None:
        seen.append(trace_id())

    consumer = OrderedConsumer("notes", service=stage.service, handler=note)
    await stage.provision(consumer)
    event = stage.event("agg").model_copy(update={"traceparent": f"00-{cause}-b7ad6b7169203331-01"})
    await stage.publish(event)
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: seen == [cause])
    assert "consume notes" in by_name(spans)


async def test_a_batch_links_to_the_traces_of_its_events(stage: Any, until: Any, spans: InMemorySpanExporter) -> None:
    cause = "0af7651916cd43dd8448eb211c80319c"
    seen: list[int] = []

    async def take(batch: list[Received]) -> None:
        seen.append(len(batch))

    consumer = BatchConsumer("projector", services=[stage.service], handler=take)
    await stage.provision(consumer)
    event = stage.event("agg").model_copy(update={"traceparent": f"00-{cause}-b7ad6b7169203331-01"})
    await stage.publish(event)
    async with stage.open() as bus:
        bus.consume(consumer)
        await bus.start()
        await until(lambda: "consume projector" in by_name(spans))
    [link] = by_name(spans)["consume projector"].links
    assert f"{link.context.trace_id:032x}" == cause
