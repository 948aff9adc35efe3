"""From a pre-stated question and the checked tables to its answer; every row keeps its reason."""

from .answering import Answer, answer, answers
from .overviews import evidence_table, overview, rate_table, table_flow
from .selecting import STAGES, select
from .wording import favours, importance, sentence

__all__ = [
    "STAGES",
    "Answer",
    "answer",
    "answers",
    "evidence_table",
    "favours",
    "importance",
    "overview",
    "rate_table",
    "select",
    "sentence",
    "table_flow",
]
