"""Composition root of predict-ingest.

Prediction events, signals, imports, current probability, sentiment, divergence, volatility, timelines and explanations.
"""

from dramatis_bus.unbuilt import unbuilt

service = unbuilt("predict-ingest")
