"""A figure in words: the notes under it and the text read in its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ..formatting import count, fixed, plural
from ..pooling.heterogeneity import Interval
from ..pooling.model import Synthesis
from ..pooling.wording import answer_text, heterogeneity_text, interval_text
from .axis import Axis
from .columns import BIAS, JUDGEMENTS, bias_columns
from .rows import study_names
from .text import clean

if TYPE_CHECKING:
    from .marks import Band


def sentence(text: str) -> str:
    """The text with one mark at its end.

    >>> sentence("How many recur?"), sentence("Recurrence")
    ('How many recur?', 'Recurrence.')
    """
    text = clean(text)
    return text if text.endswith(("?", "!", ".")) else f"{text}."


def measured(synthesis: Synthesis) -> str:
    """What an axis shows: the measure and its unit."""
    unit = re.sub(r"(?<=\d) (?=\d)", "\N{NARROW NO-BREAK SPACE}", synthesis.measure.scale.unit)
    unit = unit.strip()
    return f"{synthesis.measure.label}, {unit}" if unit else synthesis.measure.label


def nothing(synthesis: Synthesis) -> str:
    """What stands in place of the rows when no study answers."""
    reasons = "; ".join(synthesis.cautions) or "no row answers the question"
    return f"No study: {reasons.rstrip('.')}."


def notes(synthesis: Synthesis, *, clipped: bool) -> tuple[str, ...]:
    """The paragraphs below a forest plot: heterogeneity, method, marks, cautions."""
    if synthesis.k == 0:
        return ()
    cautions = [f"Caution: {caution.rstrip('.')}." for caution in synthesis.cautions]
    found = []
    if synthesis.heterogeneity:
        found.append(f"Heterogeneity: {heterogeneity_text(synthesis.heterogeneity)}.")
    marks = " An arrow means that the interval goes on beyond the axis." if clipped else ""
    found.append(_method(synthesis) + marks)
    return (*found, *cautions)


def key(rows: pd.DataFrame, bands: Sequence[Band], synthesis: Synthesis) -> tuple[str, ...]:
    """What the less usual marks mean: excluded rows, claimed values, bands."""
    scale = synthesis.measure.scale
    unit = scale.unit
    found = []
    if excluded := int((rows["kind"] == "excluded").sum()):
        found.append(f"Grey: {plural(excluded, 'row')} not pooled, for the reason given.")
    claims = rows[rows["kind"] == "claim"]
    shown = claims["number_text"].where(claims["number_text"] != "", claims["limits_text"])
    for label, value in zip(claims["label"], shown, strict=True):
        found.append(f"Dotted line: {clean(label)}, {value}{unit}.")
    for band in bands:
        limits = Interval(band.low, band.high, synthesis.model.level)
        found.append(f"Shaded: {clean(band.label)}, {interval_text(limits, scale)}{unit}.")
    if judged := bias_columns(rows):
        domains = ", ".join(f"D{i} {_domain(name)}" for i, name in enumerate(judged, 1))
        used = {str(value).lower() for name in judged for value in rows[name].dropna()}
        signs = dict.fromkeys(f"{j.sign} {j.words}" for j in map(JUDGEMENTS.get, used) if j)
        found.append(f"Risk of bias: {domains}; {', '.join(s for s in SIGNS if s in signs)}.")
    return tuple(found)


SIGNS = tuple(dict.fromkeys(f"{j.sign} {j.words}" for j in JUDGEMENTS.values() if j.sign))


def _domain(name: str) -> str:
    return name.removeprefix(BIAS).replace("_", " ")


def tests(rows: pd.DataFrame) -> tuple[str, ...]:
    """The tests between groups that a plot carries below its rows."""
    return tuple(clean(label) for label in rows.loc[rows["kind"] == "test", "label"])


def groups_text(rows: pd.DataFrame, synthesis: Synthesis) -> list[str]:
    """What each group of a plot gave, for the alt text."""
    unit, said, group = synthesis.measure.scale.unit, [], ""
    for kind, label, number, limits in zip(
        rows["kind"], rows["label"], rows["number_text"], rows["limits_text"], strict=True
    ):
        if kind == "group":
            group = clean(label)
        elif kind == "subtotal":
            said.append(f"{group}: {number}{unit} ({limits}).")
    return said


def _method(synthesis: Synthesis) -> str:
    model, people = synthesis.model, synthesis.measure.counts_people
    own = (model.study_interval if people else model.rate_interval).replace("_", "-").capitalize()
    if synthesis.measure.kind != "rate":
        own = f"Wald on the {synthesis.measure.scale.label} scale"
    parts = [synthesis.method_text]
    if synthesis.estimate is not None and synthesis.k > 1:
        parts.append(f"interval of the pooled estimate: {synthesis.interval_text}")
    if synthesis.prediction:
        parts.append(f"prediction interval: {synthesis.prediction_text}")
    squares = ""
    if synthesis.studies["weight"].notna().all() and synthesis.k > 1:
        squares = " Square area is proportional to weight."
    return "; ".join([*parts, f"interval of each study: {own}"]) + "." + squares


def alt_text(synthesis: Synthesis, title: str | None = None, axis: Axis | None = None) -> str:
    """What the forest plot shows, for who cannot see it; made from the answer alone.

    >>> import pandas as pd
    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": ["a"], "events": [3], "total": [11]})
    >>> alt_text(pool(frame), "Recurrence")
    'Forest plot: Recurrence. One study, not pooled: 27.3% (95% CI 9.7 to 56.6), 3 of 11 people.'
    """
    start = f"Forest plot: {sentence(title)}" if title else "Forest plot."
    if synthesis.k == 0:
        return f"{start} {nothing(synthesis)}"
    factor, unit = synthesis.measure.scale.factor, synthesis.measure.scale.unit
    people = _people(synthesis)
    if synthesis.k == 1 and synthesis.estimate is not None:
        printed = fixed(synthesis.measure.scale.decimals)
        limits = interval_text(synthesis.interval, synthesis.measure.scale)
        alone = (
            f"One study, not pooled: {printed(factor * synthesis.estimate)}{unit} "
            f"({synthesis.model.level * 100:g}% CI {limits}), {people}."
        )
        return " ".join([start, alone, *_clipped(synthesis, axis)])
    number, studies = fixed(synthesis.measure.scale.decimals), synthesis.studies
    least, most = factor * studies["estimate"].min(), factor * studies["estimate"].max()
    said = [f"{plural(synthesis.k, 'study')}, {people}.", *_reasons(synthesis)]
    if synthesis.estimate is not None:
        said = [f"Pooled estimate {answer_text(synthesis)}."]
    said.append(f"The studies range from {number(least)}{unit} to {number(most)}{unit}.")
    if synthesis.estimate is not None:
        said += _apart(synthesis)
    if synthesis.prediction:
        limits = interval_text(synthesis.prediction, synthesis.measure.scale)
        said.append(f"Prediction interval for a new study {limits}{unit}.")
    if synthesis.heterogeneity:
        said.append(f"Heterogeneity: {heterogeneity_text(synthesis.heterogeneity)}.")
    return " ".join([start, *said, *_clipped(synthesis, axis)])


def _people(synthesis: Synthesis) -> str:
    """Events of people, events in person-time, or people."""
    if synthesis.measure.kind == "two_arm":
        people = "people" if synthesis.measure.counts_people else "person-years"
        return f"{count(synthesis.events)} events in {count(synthesis.total)} {people}"
    if "events" not in synthesis.measure.needs:
        return f"{count(synthesis.total)} people"
    if synthesis.measure.counts_people:
        return f"{count(synthesis.events)} of {count(synthesis.total)} people"
    return f"{count(synthesis.events)} events in {count(synthesis.total)} person-years"


def _reasons(synthesis: Synthesis) -> list[str]:
    """That nothing was pooled, and why."""
    reasons = [caution[:1].upper() + caution[1:] for caution in synthesis.cautions]
    if not any(reason.startswith("Not pooled") for reason in reasons):
        reasons.insert(0, "Not pooled")
    return [sentence(reason) for reason in reasons]


def _clipped(synthesis: Synthesis, axis: Axis | None) -> list[str]:
    """Which intervals do not fit on the axis."""
    studies = synthesis.studies
    if axis is None:
        return []
    said = []
    for name, limits in (("pooled", synthesis.interval), ("prediction", synthesis.prediction)):
        if limits and synthesis.k > 1 and (limits.low < axis.low or limits.high > axis.high):
            said.append(f"The {name} interval goes on beyond the axis.")
    beyond = int(((studies["low"] < axis.low) | (studies["high"] > axis.high)).sum())
    if beyond == 1:
        said.append("The interval of 1 study goes on beyond the axis.")
    elif beyond:
        said.append(f"The intervals of {plural(beyond, 'study')} go on beyond the axis.")
    return said


def _apart(synthesis: Synthesis) -> list[str]:
    """Studies whose own interval does not reach the pooled estimate, by name if they are few."""
    studies, centre = synthesis.studies, synthesis.estimate
    apart = studies[(studies["low"] > centre) | (studies["high"] < centre)]
    if apart.empty:
        return ["Every study's interval contains the pooled estimate."]
    names = study_names(apart)
    who = f": {', '.join(names)}" if len(names) <= 3 else ""
    verb = "has an interval" if len(apart) == 1 else "have intervals"
    return [f"{plural(len(apart), 'study')} {verb} that the pooled estimate lies outside of{who}."]
