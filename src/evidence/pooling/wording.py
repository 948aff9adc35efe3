"""A Synthesis in words: plain text for the terminal, HTML for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ..formatting import count, fixed, p_value, percent, plural, significant, size
from ..measures.scale import LOGIT, Scale

if TYPE_CHECKING:
    from .heterogeneity import Heterogeneity, Interval
    from .model import Synthesis


def interval_text(interval: Interval | None, scale: Scale = LOGIT) -> str:
    """Both limits in printed units, of a percentage by default; a dash without an interval."""
    if interval is None:
        return "\N{EN DASH}"
    return f"{scale.text(interval.low)} to {scale.text(interval.high)}"


def heterogeneity_text(spread: Heterogeneity) -> str:
    """The heterogeneity line of a summary and of a forest plot."""
    tau2 = spread.tau2_interval
    return (
        f"\N{GREEK SMALL LETTER TAU}² {significant(spread.tau2)} "
        f"({significant(tau2.low)} to {significant(tau2.high)}), "
        f"I² {percent(spread.i2, 0)}%, "
        f"Q {fixed(1)(spread.q)} on {spread.df} df, p {p_value(spread.p)}"
    )


def answer_text(answer: Synthesis) -> str:
    """The answer in one line: estimate, interval, studies and people."""
    if answer.estimate is None:
        why = "nothing was pooled" if answer.k else "no row answers the question"
        return f"No estimate: {why}."
    level = f"{answer.model.level * 100:g}%"
    scale = answer.measure.scale
    if answer.measure.kind != "rate":
        return (
            f"{answer.measure.label} {scale.text(answer.estimate)}"
            f"{scale.unit} ({level} CI {interval_text(answer.interval, scale)}) "
            f"in {plural(answer.k, 'study')}, {_how_many(answer)}"
        )
    return (
        f"{scale.text(answer.estimate)}{scale.unit} "
        f"({level} CI {interval_text(answer.interval, scale)}) "
        f"in {plural(answer.k, 'study')}, {counts_text(answer)}"
    )


def counts_text(answer: Synthesis) -> str:
    """Events and what they were counted in."""
    if answer.measure.counts_people:
        return f"{count(answer.events)} of {count(answer.total)} people"
    return f"{plural(answer.events, 'event')} in {size(answer.total)} person-years"


def _how_many(answer: Synthesis) -> str:
    """People, or events in person-time, of all arms together."""
    if answer.measure.family == "poisson":
        return f"{count(answer.events)} events in {count(answer.total)} person-years"
    people = f"{count(answer.total)} people"
    return f"{count(answer.events)} events in {people}" if answer.events else people


def lines(answer: Synthesis) -> list[tuple[str, str]]:
    """Name and text of every line of the summary."""
    level = f"{answer.model.level * 100:g}%"
    whose = "'s rate" if answer.measure.kind == "rate" else ""
    found = [("Method", answer.method_text), ("Answer", answer_text(answer))]
    if answer.interval:
        found.append(("Interval", f"{level}, {answer.interval_text}"))
    if answer.mean_rate is not None:
        mean = f"{answer.measure.scale.text(answer.mean_rate)}{answer.measure.scale.unit}"
        limits = interval_text(answer.mean_rate_interval, answer.measure.scale)
        found.append(("Reading", "the answer is the median (conditional) rate"))
        found.append(("Mean rate", f"{mean} ({limits}), the mean (marginal) rate over studies"))
    if answer.prediction:
        found.append(
            (
                "Prediction",
                f"a new study{whose}: {interval_text(answer.prediction, answer.measure.scale)}"
                f" ({level}, {answer.prediction_text})",
            )
        )
    if answer.heterogeneity:
        found.append(("Heterogeneity", heterogeneity_text(answer.heterogeneity)))
    back = answer.readings
    if back is not None:
        parts = (
            f"{answer.measure.scale.text(estimate)} at the {at} size"
            for at, estimate in zip(back["at"], back["estimate"].to_numpy(float), strict=True)
        )
        found.append(("Read back", ", ".join(parts)))
    return found + [("Caution", caution) for caution in answer.cautions]


def summary(answer: Synthesis) -> str:
    """The answer as plain text, one line per figure."""
    return "\n".join(f"{name:<14}{text}" for name, text in lines(answer))


def html(answer: Synthesis) -> str:
    """The answer as a small HTML table."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in lines(answer)
    )
    return f"<table><caption>Pooled answer</caption><tbody>{rows}</tbody></table>"
