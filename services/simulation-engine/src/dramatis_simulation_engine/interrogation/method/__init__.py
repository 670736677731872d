"""How an interrogation reasons, whoever writes its questions and reads its answers. Pure.

`plan`, `stop_reason`, `conclusions`, `final_conclusions` and `beliefs_of` are what the process calls between the steps
of a mind; both minds use `beliefs`, `information_gain`, `mom_test` and `whys` inside of theirs.
"""

from dramatis_simulation_engine.interrogation.method.beliefs import beliefs_of
from dramatis_simulation_engine.interrogation.method.conclusions import conclusions, final_conclusions
from dramatis_simulation_engine.interrogation.method.planning import plan
from dramatis_simulation_engine.interrogation.method.stopping import stop_reason

__all__ = ["beliefs_of", "conclusions", "final_conclusions", "plan", "stop_reason"]
