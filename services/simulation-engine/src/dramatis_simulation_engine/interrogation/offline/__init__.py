"""A mind without a language model: a taxonomy of causes investigates, and a profile answers. Free and repeatable.

It is modest. It reads English by stems, groups of words and cues, all of them in reviewable data files
(`data/interrogation`); what it does not know it reports. All weights are ASSUMED.
"""

from dramatis_simulation_engine.interrogation.minds import Mind
from dramatis_simulation_engine.interrogation.offline.interviewee import OfflineInterviewee
from dramatis_simulation_engine.interrogation.offline.investigator import OfflineInvestigator

__all__ = ["offline_mind"]


def offline_mind(seed: int) -> Mind:
    """Both roles; the same seed and dossier give the same words."""
    return Mind(OfflineInvestigator(seed), OfflineInterviewee(seed), free=True)
