"""The plan of an interview: in which order hypotheses deserve a look, and how many questions there may be. Pure."""

from dramatis_contracts.interrogation.v1 import InterviewPlanned
from dramatis_simulation_engine.interrogation.dossier import Dossier
from dramatis_simulation_engine.interrogation.method.beliefs import priors_of
from dramatis_simulation_engine.interrogation.method.information_gain import entropy


def plan(dossier: Dossier) -> InterviewPlanned:
    """Likeliest first; a question and its answer are two messages."""
    questions = dossier.requested.max_interview_messages // 2
    order = tuple(h.id for h in sorted(dossier.hypotheses, key=lambda h: (-h.prior, h.id)))
    open_bits = entropy(priors_of(dossier))
    why = (
        f"{len(order)} possible causes leave {open_bits:.1f} bits open. There may be {questions} questions; each next "
        "one is that which is expected to tell most about all causes at once."
    )
    return InterviewPlanned(order=order, questions=questions, why=why)
