"""The investigator of the offline mind: it distils, asks what tells most, and weighs answers by the taxonomy."""

from dramatis_contracts.interrogation.v1 import (
    AnswerGiven,
    EvidenceWeighed,
    HypothesesDistilled,
    InterrogationCompleted,
    QuestionAsked,
    StopReason,
)
from dramatis_simulation_engine.data_files import model_version
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import beliefs_after
from dramatis_simulation_engine.interrogation.offline.asking import next_question
from dramatis_simulation_engine.interrogation.offline.distil import distil
from dramatis_simulation_engine.interrogation.offline.synthesis import synthesise
from dramatis_simulation_engine.interrogation.offline.weighing import weigh


class OfflineInvestigator:
    """Works from the dossier alone; of the stakeholder it sees title and context, never the profile."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.model_version = model_version("interrogation", "causes-1")

    async def distil(self, dossier: Dossier) -> HypothesesDistilled:
        return distil(dossier)

    async def ask(self, dossier: Dossier) -> QuestionAsked | None:
        return next_question(dossier, self._seed)

    async def weigh(self, dossier: Dossier, question: QuestionAsked, answer: AnswerGiven) -> EvidenceWeighed:
        evidence = weigh(dossier, question, answer)
        return EvidenceWeighed(
            hypothesis_id=question.hypothesis_id, evidence=evidence, beliefs=beliefs_after(dossier, evidence)
        )

    async def synthesise(self, dossier: Dossier, stopped: StopReason) -> InterrogationCompleted:
        return synthesise(dossier, stopped)
