"""Composition root of calibration. Frozen forecasts, outcomes, scores, reports and recalibration models."""

from dramatis_bus.unbuilt import unbuilt

service = unbuilt("calibration")
