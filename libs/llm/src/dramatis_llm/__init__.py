"""Asking OpenAI-compatible language models for answers of an agreed form, within a budget."""

from dramatis_llm.budget import Budget
from dramatis_llm.cache import AnswerCache, MemoryCache, NoCache
from dramatis_llm.errors import (
    BudgetExhausted,
    LlmError,
    Misconfigured,
    NotConfigured,
    PriceUnknown,
    RateLimited,
    Refused,
    Unreachable,
    Unreadable,
)
from dramatis_llm.model import Answer, ChatModel, LanguageModel, language_model
from dramatis_llm.mongo_cache import MongoCache
from dramatis_llm.prompts import Message, Prompt
from dramatis_llm.settings import LlmSettings, llm_settings
from dramatis_llm.usage import Usage

__all__ = [
    "Answer",
    "AnswerCache",
    "Budget",
    "BudgetExhausted",
    "ChatModel",
    "LanguageModel",
    "LlmError",
    "LlmSettings",
    "MemoryCache",
    "Message",
    "Misconfigured",
    "MongoCache",
    "NoCache",
    "NotConfigured",
    "PriceUnknown",
    "Prompt",
    "RateLimited",
    "Refused",
    "Unreachable",
    "Unreadable",
    "Usage",
    "language_model",
    "llm_settings",
]
