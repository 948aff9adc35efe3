"""The one shape of every check, and what was stated beforehand for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

import pandas as pd

from ..errors import SynthesisError
from ..formatting import fixed, percent, plural, readable
from ..pooling.model import Synthesis

MOST = 40
"""Rows of a table that are printed; the table itself holds all."""
FRACTIONS = (
    "change", "hat", "share", "apart", "with_low", "with_median", "with_high", "with_i2",
    "without_low", "without_median", "without_high", "without_i2",
)  # fmt: skip
"""Columns of checks that hold fractions and are read as percentages, beside those of all tables."""


@dataclass(frozen=True, eq=False)
class Check:
    """What one check found.

    Attributes:
        name: its key in `CHECKS`.
        verdict: "Held", "Did not hold" or "No verdict", and after it the rule that decided.
        table: the figures at full precision; one row per study, step, subset or method.
        text: what was done and how to read it, for print.
    """

    name: str
    verdict: str
    table: pd.DataFrame = field(repr=False)
    text: str

    def __str__(self) -> str:
        title = self.name.replace("_", " ").capitalize()
        body = _printed(self.table.head(MOST)).to_string(index=False) if len(self.table) else ""
        rest = len(self.table) - MOST
        more = f"... and {plural(rest, 'row')} more in the table" if rest > 0 else ""
        return "\n".join(part for part in (title, self.verdict, self.text, body, more) if part)

    def _repr_html_(self) -> str:
        title = escape(self.name.replace("_", " ").capitalize())
        body = _printed(self.table.head(MOST)).to_html(index=False) if len(self.table) else ""
        return (
            f"<p><strong>{title}.</strong> {escape(self.verdict)}</p>"
            f"<p>{escape(self.text)}</p>{body}"
        )


def _printed(table: pd.DataFrame) -> pd.DataFrame:
    """The table as a reader sees it."""
    flags = [name for name in table.columns if table[name].dtype == bool]
    words = table[flags].astype(object).replace({True: "yes", False: "no"})
    shares = [name for name in FRACTIONS if name in table.columns]
    words = words.join(table[shares].map(percent))
    rest = table.drop(columns=[*flags, *shares])
    return readable(pd.concat([rest, words], axis=1)[list(table.columns)])


@dataclass(frozen=True)
class Stated:
    """What was stated before the answer was seen; a check judges by nothing else.

    Attributes:
        threshold: a clinical threshold on the reading scale, a fraction.
        change: a change of the estimate that would matter, on the reading scale, a fraction.
        events, people: fewest events and people that make an answer worth relying on.
        restrictions: the answers of the stated inclusion rules, by name.
        general: which of them were stated for many questions and may leave none of this one.
        few_anyway: run the tests of small-study effects with fewer than ten studies.
    """

    threshold: float | None = None
    change: float | None = None
    events: int | None = None
    people: int | None = None
    restrictions: Mapping[str, Synthesis] = field(default_factory=lambda: MappingProxyType({}))
    general: frozenset[str] = frozenset()
    few_anyway: bool = False

    def __post_init__(self) -> None:
        for name in ("threshold", "change", "events", "people"):
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
    """A figure of the reading scale in printed units."""
    scale = synthesis.measure.scale
    return f"{fixed(1)(scale.factor * value)}{scale.unit}"


def points(value: float, synthesis: Synthesis) -> str:
    """A difference on the reading scale in printed units: percentage points for a proportion."""
    scale = synthesis.measure.scale
    unit = " points" if scale.unit == "%" else scale.unit
    return f"{fixed(1)(scale.factor * value)}{unit}"


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
