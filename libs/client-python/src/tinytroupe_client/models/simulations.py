"""Simulations, their results, and campaigns."""

from datetime import datetime
from typing import Any

from pydantic import Field

from tinytroupe_client.models.base import Model


class Segment(Model):
    """A group of buyers from which people can be drawn."""

    name: str
    title: str | None = None
    description: str | None = None
    calibration: str | None = None


class Campaign(Model):
    id: str
    name: str
    channels: tuple[str, ...] = ()
    messages: dict[str, Any] = Field(default_factory=dict)
    timing: dict[str, Any] = Field(default_factory=dict)
    status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int | None = None


class FollowUpRecommendations(Model):
    optimal_sequence: dict[str, Any] | None = None
    predicted_conversion_rate: float | None = None
    key_insights: tuple[str, ...] = ()


class SimulationState(Model):
    """Where a simulation stands. `progress` from 0 to 1, None unless it is at work or has ended.

    `queue_position` counts from 1 while it waits. `predicted_results` and `recommendations` are in the answer to a
    request that was carried out at once.
    """

    simulation_id: str
    status: str = "completed"
    type: str | None = None
    name: str | None = None
    progress: float | None = None
    queue_position: int | None = None
    estimated_duration_seconds: float | None = None
    error: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    ws_channel: str | None = None
    webhook_url: str | None = None
    predicted_results: dict[str, Any] | None = None
    recommendations: FollowUpRecommendations | None = None


class SimulationUpdate(Model):
    """A live update: `type` is `progress`, `result` or `error`."""

    type: str
    simulation_id: str
    progress: float | None = None
    current_step: str | None = None
    queue_position: int | None = None
    partial_results: dict[str, Any] = Field(default_factory=dict)
    error: dict[str, Any] | None = None


class Summary(Model):
    consensus_reached: bool | None = None
    confidence_level: float | None = None
    key_findings: tuple[str, ...] = ()


class Recommendation(Model):
    """`impact` is high, medium or low; `confidence` the probability that the action is the best one tested."""

    action: str
    impact: str | None = None
    confidence: float | None = None


class Results(Model):
    """`detailed_results` is None at the detail level `summary`; `cost` is None when a price is unknown."""

    simulation_id: str
    status: str
    completed_at: datetime | None = None
    summary: Summary | None = None
    detailed_results: dict[str, Any] | None = None
    recommendations: tuple[Recommendation, ...] = ()
    predicted_results: dict[str, Any] | None = None
    n_respondents: int | None = None
    tokens_used: int | None = None
    cost: float | None = None
