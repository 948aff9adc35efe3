"""The one shape of every check, and what was stated beforehand for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

import pandas as pd

from ..errors import SynthesisError
from ..formatting import percent, plural, readable
from ..measures.scale import Scale
from ..pooling.model import Synthesis

MOST = 40
"""Rows of a table that are printed; the table itself holds all."""
FRACTIONS = ("hat", "share", "with_i2", "without_i2")
"""Columns of checks that hold fractions and are read as percentages, beside those of all tables."""
ESTIMATES = (
    "estimate", "low", "high", "change", "apart", "with_low", "with_median", "with_high",
    "without_low", "without_median", "without_high",
)  # fmt: skip
"""Columns that hold estimates or differences of them, and are read in the scale's own unit."""


@dataclass(frozen=True, eq=False)
class Check:
    """What one check found.

    Attributes:
        name: its key in `CHECKS`.
        verdict: "Held", "Did not hold" or "No verdict", and after it the rule that decided.
        table: the figures at full precision; one row per study, step, subset or method.
        text: what was done and how to read it, for print.
        scale: how estimates in the table are printed; None where it holds none.
    """

    name: str
    verdict: str
    table: pd.DataFrame = field(repr=False)
    text: str
    scale: Scale | None = field(default=None, repr=False)

    def __str__(self) -> str:
        title = self.name.replace("_", " ").capitalize()
        body = self.printed().to_string(index=False) if len(self.table) else ""
        rest = len(self.table) - MOST
        more = f"... and {plural(rest, 'row')} more in the table" if rest > 0 else ""
        return "\n".join(part for part in (title, self.verdict, self.text, body, more) if part)

    def _repr_html_(self) -> str:
        title = escape(self.name.replace("_", " ").capitalize())
        body = self.printed().to_html(index=False) if len(self.table) else ""
        return (
            f"<p><strong>{title}.</strong> {escape(self.verdict)}</p>"
            f"<p>{escape(self.text)}</p>{body}"
        )

    def printed(self) -> pd.DataFrame:
        """The table's first rows as a reader sees them."""
        table = self.table.head(MOST)
        flags = [name for name in table.columns if table[name].dtype == bool]
        words = table[flags].astype(object).replace({True: "yes", False: "no"})
        shown: dict[str, Callable[[float], str]] = {
            name: percent for name in FRACTIONS if name in table.columns
        }
        if self.scale is not None:
            shown |= {name: self.scale.text for name in ESTIMATES if name in table.columns}
        for name, text in shown.items():
            words[name] = ["" if pd.isna(value) else text(value) for value in table[name]]
        rest = table.drop(columns=list(words.columns))
        return readable(pd.concat([rest, words], axis=1)[list(table.columns)])


@dataclass(frozen=True)
class Stated:
    """What was stated before the answer was seen; a check judges by nothing else.

    Attributes:
        threshold: a clinical threshold on the reading scale (a fraction, a ratio, points).
        change: a change of the estimate that would matter, on the reading scale.
        events, people: fewest events and people that make an answer worth relying on.
        restrictions: the answers of the stated inclusion rules, by name.
        general: which of them were stated for many questions and may leave none of this one.
        few_anyway: run the tests of small-study effects with fewer than ten studies.
        important: the smallest difference that matters, on the reading scale.
    """

    threshold: float | None = None
    change: float | None = None
    events: int | None = None
    people: int | None = None
    restrictions: Mapping[str, Synthesis] = field(default_factory=lambda: MappingProxyType({}))
    general: frozenset[str] = frozenset()
    few_anyway: bool = False
    important: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not math.isfinite(self.threshold):
            raise SynthesisError(f"threshold must be a number; it is {self.threshold!r}")
        for name in ("change", "events", "people", "important"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SynthesisError(f"{name} must be above 0; it is {value!r}")


NOTHING_STATED = Stated()
CheckFunction = Callable[[Synthesis, Stated], Check]


def need_studies(synthesis: Synthesis, least: int, what: str) -> float:
    """The estimate of an answer that pools enough studies for a check; others are refused.

    Raises:
        SynthesisError: with the count, and why nothing was pooled where that is so.
    """
    if synthesis.k < least:
        raise SynthesisError(
            f"{what} needs at least {least} studies; this answer has {synthesis.k}"
        )
    if synthesis.estimate is None:
        why = next(iter(synthesis.cautions), "nothing was pooled")
        raise SynthesisError(f"{what} needs a pooled answer of its {synthesis.k} studies: {why}")
    return synthesis.estimate


def judged(held: bool, rule: str) -> str:
    """A verdict with the rule that decided it."""
    return f"{'Held' if held else 'Did not hold'}: {rule}."


def shown(value: float, synthesis: Synthesis) -> str:
    """A figure of the reading scale as it is printed, with its unit."""
    scale = synthesis.measure.scale
    return f"{scale.text(value)}{scale.unit}"


def points(value: float, synthesis: Synthesis) -> str:
    """A difference on the reading scale as it is printed: percentage points for a proportion."""
    scale = synthesis.measure.scale
    return f"{scale.text(value)}{' points' if scale.unit == '%' else scale.unit}"


def line_of(synthesis: Synthesis, stated: Stated) -> tuple[float | None, str]:
    """The value that a conclusion is about, and its words; None where there is none.

    A stated threshold, or no difference where arms or times are compared and none is stated.

    Raises:
        SynthesisError: a threshold that the measure cannot take.
    """
    scale, line = synthesis.measure.scale, stated.threshold
    if line is None:
        null = scale.null if synthesis.measure.compares else None
        return null, "" if null is None else f"no difference ({shown(null, synthesis)})"
    low, high = scale.bounds
    if not low < line < high:
        raise SynthesisError(
            f"the threshold must lie between {low:g} and {high:g}, as a "
            f"{synthesis.measure.label.lower()} does; it is {line:g}"
        )
    return line, f"the threshold of {shown(line, synthesis)}"


def near_rule(estimates: list[float], synthesis: Synthesis, stated: Stated) -> tuple[bool, str]:
    """Whether estimates stay near the answer, and by which rule that was decided.

    With a stated change: every one differs by less than it. Without: every one lies inside the
    interval of the answer.
    """
    if synthesis.estimate is None or synthesis.interval is None:
        raise SynthesisError("there is no answer to compare with: nothing was pooled")
    centre = synthesis.estimate
    if stated.change is not None:
        held = all(abs(one - centre) < stated.change for one in estimates)
        return (
            held,
            f"moves the estimate by less than the stated {points(stated.change, synthesis)}",
        )
    held = all(one in synthesis.interval for one in estimates)
    return held, "leaves the estimate inside the interval of the answer (no change was stated)"
