"""An answer in words, for a reader who reads nothing else."""

from __future__ import annotations

from ..formatting import count, fixed, percent, plural
from ..pooling.model import Synthesis
from ..pooling.wording import answer_text, interval_text
from ..tables.load import Tables
from .answering import Answer


def sentence(found: Answer) -> str:
    """The answer in a sentence or two, for a reader who reads nothing else."""
    pooled = found.synthesis
    if pooled.k == 0:
        bearing = len(found.rows)
        tail = f"; {plural(bearing, 'row')} bear on it and none can enter" if bearing else ""
        return f"No study in the table answers this question{tail}."
    unit = pooled.measure.scale.unit
    if pooled.measure.kind != "rate":
        return " ".join(filter(None, (_contrast_sentence(pooled), importance(found))))
    if pooled.estimate is None:
        low, high = pooled.studies["estimate"].min(), pooled.studies["estimate"].max()
        said = pooled.cautions[0].rstrip(".")
        return (
            f"{said[:1].upper()}{said[1:]}. The rates of {plural(pooled.k, 'cohort')} lie between "
            f"{percent(low)}{unit} and {percent(high)}{unit}."
        )
    level = f"{pooled.model.level * 100:g}%"
    figures = (
        f"{percent(pooled.estimate)}{unit} ({level} CI {interval_text(pooled.interval)}), from "
        f"{plural(pooled.k, 'cohort')} with {count(pooled.events)} of {count(pooled.total)} people"
    )
    if pooled.k == 1:
        return f"One study: {figures}. Nothing is pooled."
    if pooled.prediction is None:
        return f"{figures}."
    return f"{figures}. In a new setting expect {interval_text(pooled.prediction)}{unit}."


def _contrast_sentence(pooled: Synthesis) -> str:
    """The answer of a comparison or a score in a sentence or two."""
    scale = pooled.measure.scale
    number = fixed(scale.decimals)
    if pooled.estimate is None:
        low, high = (
            number(scale.factor * value)
            for value in (pooled.studies["estimate"].min(), pooled.studies["estimate"].max())
        )
        said = pooled.cautions[0].rstrip(".")
        return (
            f"{said[:1].upper()}{said[1:]}. The {pooled.measure.label.lower()} of "
            f"{plural(pooled.k, 'cohort')} lies between {low} and {high}{scale.unit}."
        )
    figures = answer_text(pooled).replace("in 1 study", "from 1 cohort")
    if pooled.k == 1:
        return f"One study: {figures[:1].lower()}{figures[1:]}. Nothing is pooled."
    if pooled.prediction is None:
        return f"{figures}."
    limits = interval_text(pooled.prediction, scale)
    return f"{figures}. In a new setting expect {limits}{scale.unit}."


def importance(found: Answer) -> str:
    """Whether the answer reaches the smallest change that matters; empty where none is stated."""
    least, interval = found.question.important, found.synthesis.interval
    if least is None or interval is None:
        return ""
    near, far = sorted((abs(interval.low), abs(interval.high)))
    if interval.low * interval.high > 0 and near >= least:
        said = "lies wholly beyond"
    elif far < least:
        said = "lies wholly within"
    else:
        said = "does not decide about"
    return (
        f"The interval {said} the smallest change that matters to a patient, {least:g} "
        f"({found.question.important_because.rstrip('.')})."
    )


def favours(found: Answer, tables: Tables) -> tuple[str, str] | None:
    """What an estimate below and above no difference speaks for; None for a plain rate or mean.

    An outcome that is unwelcome (`direction` of the vocabulary) favours the side with less of it.
    """
    measure = found.synthesis.measure
    directions = {tables.vocabulary["outcomes"][key].direction for key in found.question.outcomes}
    if measure.scale.null is None or measure.key in ("mean", "mean_log") or len(directions) != 1:
        return None
    less, more = ("Favours intervention", "Favours comparison")
    if measure.kind == "score" and "correlation" in measure.needs:
        less, more = ("Better", "Worse")
    return (more, less) if directions == {"good"} else (less, more)
