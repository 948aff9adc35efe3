"""Whether a moved answer matters: rules stated before any answer was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Side = Mapping[str, Any]


def reasons(was: Side | None, is_now: Side | None) -> tuple[str, ...]:
    """Why someone must look at an answer again; empty where nobody must.

    A question that is new or gone is a change of the protocol, which is material by itself.
    """
    if was is None or is_now is None:
        return ()
    found = (rule(was, is_now) for rule in RULES)
    return tuple(reason for reason in found if reason)


def _pooled(was: Side, is_now: Side) -> str:
    before, now = (side["answer"]["estimate"] is not None for side in (was, is_now))
    if before == now:
        return ""
    return "it can be answered now" if now else "it cannot be answered any more"


def _excludes(was: Side, is_now: Side) -> str:
    old, low, high = was["answer"]["estimate"], is_now["answer"]["low"], is_now["answer"]["high"]
    if old is None or low is None or low <= old <= high:
        return ""
    return "the new interval excludes the old estimate"


def _threshold(was: Side, is_now: Side) -> str:
    """The estimate, or the whole interval, stands elsewhere beside the threshold than before.

    Both are judged by the threshold of now, so that only the answer is judged; a threshold that
    was moved is a change of the protocol.
    """
    threshold = is_now["stated"].get("threshold")
    if threshold is None or is_now["answer"]["estimate"] is None:
        return ""
    if was["answer"]["estimate"] is None:
        return ""
    for what, place in (("estimate", _of_estimate), ("interval", _of_interval)):
        before, now = place(was["answer"], threshold), place(is_now["answer"], threshold)
        if before != now:
            return f"the {what} was {before} the threshold and is {now} it"
    return ""


def _of_estimate(answer: Side, threshold: float) -> str:
    return "above" if answer["estimate"] > threshold else "not above"


def _of_interval(answer: Side, threshold: float) -> str:
    if answer["low"] is None:
        return "without"
    if answer["low"] > threshold:
        return "wholly above"
    return "wholly below" if answer["high"] < threshold else "across"


RULES: tuple[Callable[[Side, Side], str], ...] = (_pooled, _excludes, _threshold)
"""Each rule: the question's record before and now -> why it matters, or nothing."""
