"""Composition root of orchestrator.

Processes and their metrics, life loops, chat completions, conversations, agents under test and batch execution.
"""

from dramatis_bus.unbuilt import unbuilt

service = unbuilt("orchestrator")
