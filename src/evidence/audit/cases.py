"""A claim beside what it is held against: the cited row's number, and the table's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from ..formatting import percent, plural
from ..pooling.heterogeneity import Interval
from ..pooling.model import Synthesis
from ..pooling.wording import interval_text
from ..questions import Answer
from .qualifiers import Claimed, claimed


@dataclass(frozen=True)
class Source:
    """What the cited row says: a number in the claim's unit, and the arithmetic behind it."""

    number: Fraction
    text: str


@dataclass(frozen=True)
class Evidence:
    """What the table answers, in percent: where the rate lies and where a new study's would.

    Attributes:
        low, high: of the interval; where nothing was pooled, of all the cohorts' own intervals.
        new_low, new_high: of the prediction interval; None where there is none.
        text: the answer in words.
    """

    low: Fraction
    high: Fraction
    new_low: Fraction | None
    new_high: Fraction | None
    text: str


@dataclass(frozen=True)
class Case:
    """A claim with all that can be held against it; what there is not is None."""

    claim: pd.Series
    claimed: Claimed | None
    source: Source | None
    evidence: Evidence | None

    @property
    def judgement(self) -> str:
        """What a reader judged; nothing where nobody did."""
        return _text(self.claim["judgement"])

    @property
    def question(self) -> str:
        """The key of the question that asks for the same thing; nothing where none does."""
        return _text(self.claim["question"])

    @property
    def because(self) -> str:
        """The judgement's reason, with its reviewer."""
        return f"{_text(self.claim['because'])} ({_text(self.claim['reviewer'])})"


def case_of(claim: pd.Series, rows: pd.DataFrame, found: Mapping[str, Answer]) -> Case:
    """A row of claims.csv with what there is to hold it against.

    Args:
        claim: the row.
        rows: studies.csv by `row_id`.
        found: answers by the key of their question.
    """
    evidence = None
    if claim["quantity"] == "proportion" and claim["unit"] == "percent":
        answer = found.get(_text(claim["question"]))
        if answer is not None:
            evidence = _evidence(answer.synthesis, rest=claim["figure"] == "rest")
    return Case(claim, claimed(claim), _source(claim, rows), evidence)


def _source(claim: pd.Series, rows: pd.DataFrame) -> Source | None:
    """The number of the cited row that the claim is about."""
    if not isinstance(claim["cited_row"], str):
        return None
    row, figure = rows.loc[claim["cited_row"]], claim["figure"]
    if isinstance(claim["of_row"], str):
        return _share(row["events"], rows.loc[claim["of_row"], "events"])
    if figure in ("percent", "rest"):
        source = _share(row["events"], row["total"])
        if source is None and isinstance(row["printed_percent"], str):
            text = row["printed_percent"]
            source = Source(Fraction(text.lstrip("<>=")), f"{text}% as printed")
        if source is None or figure == "percent":
            return source
        return Source(100 - source.number, f"100% less {source.text}")
    name = {"months": "follow_up_months"}.get(figure, figure)
    if pd.isna(row[name]):
        return None
    number = Fraction(str(row[name]))
    return Source(number, f"{float(number):g}{' months' if figure == 'months' else ''}")


def _share(events: object, total: object) -> Source | None:
    if pd.isna(events) or pd.isna(total) or not total:  # type: ignore[call-overload]
        return None
    share = Fraction(int(str(events)), int(str(total)))
    return Source(100 * share, f"{events} of {total} ({percent(float(share))}%)")


def _evidence(answer: Synthesis, *, rest: bool) -> Evidence | None:
    """The answer in percent; where nothing was pooled, the range of the cohorts' intervals."""
    if answer.k == 0 or answer.measure.scale.unit != "%":
        return None
    if answer.interval is None:
        low, high = answer.studies["low"].min(), answer.studies["high"].max()
        text = f"{plural(answer.k, 'cohort')}, not pooled, whose intervals span"
    else:
        low, high = answer.interval.low, answer.interval.high
        estimate = answer.estimate or 0.0
        text = f"{percent(1 - estimate if rest else estimate)}%"
        text += f"{' without it' if rest else ''} in {plural(answer.k, 'cohort')}, interval"
    limits = _limits(Interval(float(low), float(high), answer.model.level), rest=rest)
    text += f" {interval_text(limits)}%"
    if answer.prediction is None:
        return Evidence(_percent(limits.low), _percent(limits.high), None, None, text)
    new = _limits(answer.prediction, rest=rest)
    text += f", prediction interval {interval_text(new)}%"
    return Evidence(
        _percent(limits.low), _percent(limits.high), _percent(new.low), _percent(new.high), text
    )


def _limits(interval: Interval, *, rest: bool) -> Interval:
    """The interval, or that of the rest to 100 percent."""
    if not rest:
        return interval
    return Interval(1 - interval.high, 1 - interval.low, interval.level)


def _percent(share: float) -> Fraction:
    return 100 * Fraction(share)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
