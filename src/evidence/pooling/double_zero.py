"""Comparisons without an event in either arm: what each method answers with and without them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape

import pandas as pd

from ..errors import SynthesisError
from ..formatting import plural
from ..measures.kinds import Measure
from ..measures.measure import MEASURES
from ..measures.two_arm import without_events
from ..measures.zero_cells import Mask
from ..rates import names_of
from .answers import pool
from .contrasts import UNCORRECTED
from .mantel_haenszel import MANTEL_HAENSZEL, PETO
from .options import METHOD_KINDS, TWO_ARM, Model
from .ratios import EXACT, MIXED
from .synthesis import Synthesis

SAME = "the same by construction"


@dataclass(frozen=True, eq=False)
class DoubleZeros:
    """Answers with and without the comparisons that have no event in either arm.

    Attributes:
        measure: of the answers.
        comparisons: the names of those comparisons; for odds ratios also of those where everybody
            had the event in both arms.
        table: one row per method, that of the stated model first, at full precision: `method`,
            `k`, `estimate`, `low`, `high` without them, `k_with`, `estimate_with`, `low_with`,
            `high_with`, and `note`, what becomes of them or why there is no answer. What cannot be
            given is None.
    """

    measure: Measure
    comparisons: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The answers as plain text, one line per method."""
        if not self.comparisons:
            return self._title()
        shown = self._printed()
        padded = shown.apply(lambda column: column.str.ljust(column.str.len().max()))
        body = padded.to_string(index=False, justify="left")
        return "\n".join([self._title(), body, *self._refusals()])

    def _repr_html_(self) -> str:
        body = self._printed().to_html(index=False) if self.comparisons else ""
        rest = "".join(f"<p>{escape(text)}</p>" for text in self._refusals())
        return f"<p>{escape(self._title())}</p>{body}{rest}"

    def to_frame(self) -> pd.DataFrame:
        """The table at full precision."""
        return self.table.copy()

    def _title(self) -> str:
        if not self.comparisons:
            return "Every comparison has an event in one of its arms: nothing depends on this."
        number = plural(len(self.comparisons), "comparison")
        return f"{self.measure.label} with and without {number}: {', '.join(self.comparisons)}"

    def _refused(self) -> list[bool]:
        return [None in pair for pair in zip(self.table["k"], self.table["k_with"], strict=True)]

    def _refusals(self) -> list[str]:
        rows = zip(self.table["method"], self.table["note"], self._refused(), strict=True)
        return [f"{method}: {note}" for method, note, refused in rows if refused]

    def _printed(self) -> pd.DataFrame:
        notes = zip(self.table["note"], self._refused(), strict=True)
        return pd.DataFrame(
            {
                "Method": list(self.table["method"]),
                "Without": self._answers(""),
                "With": self._answers("_with"),
                "What becomes of them": ["refused" if no else note for note, no in notes],
            }
        )

    def _answers(self, end: str) -> list[str]:
        dash, text = "\N{EN DASH}", self.measure.scale.text
        names = (f"estimate{end}", f"low{end}", f"high{end}", f"k{end}")
        return [
            dash if middle is None else f"{text(middle)} ({text(low)} to {text(high)}), k = {k}"
            for middle, low, high, k in zip(*(self.table[name] for name in names), strict=True)
        ]


def double_zeros(answer: Synthesis) -> DoubleZeros:
    """What the stated model and the other methods of a measure answer with and without them.

    Corrections let such comparisons pull a ratio towards 1; sums of tables and conditional
    likelihoods do not see them; a law of the baselines does. On why they matter: Kuss (2015), doi
    10.1002/sim.6383.

    Args:
        answer: a comparison of two arms, as `pool` or `answer` gave it.

    Raises:
        SynthesisError: an answer that does not compare two arms.

    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events_t": [2, 0, 5, 1],
    ...                       "total_t": [40, 30, 52, 25], "events_c": [6, 0, 9, 4],
    ...                       "total_c": [41, 31, 50, 26]})
    >>> found = double_zeros(pool(frame, "odds_ratio", Model(method="peto")))
    >>> found.comparisons, found.table["note"].iloc[0]
    (('b',), 'the same by construction')
    """
    measure = answer.measure
    if measure.kind != "two_arm":
        raise SynthesisError(
            f"comparisons without events are those of two arms; this is {measure.key}"
        )
    rows = _rows(answer)
    silent = without_events(rows, measure)
    named = tuple(str(name) for name in names_of(rows[silent]))
    if not named:
        return DoubleZeros(measure, (), pd.DataFrame(columns=[*COLUMNS, "note"]))
    table = [_row(rows, silent, measure.key, model) for model in _models(measure, answer.model)]
    return DoubleZeros(measure, named, pd.DataFrame(table, dtype=object))


def _rows(answer: Synthesis) -> pd.DataFrame:
    """The comparisons as they came, those that were left out in their places."""
    if answer.left_out is None:
        return answer.studies
    left = answer.left_out.drop(columns="reason")
    return pd.concat([answer.studies[left.columns], left]).sort_index()


def _models(measure: Measure, stated: Model) -> list[Model]:
    """The stated model, then every other method that pools this measure from the counts."""
    ways = [("inverse_variance", stated.two_arm)]
    for method, measures in (
        ("mantel_haenszel", MANTEL_HAENSZEL), ("peto", PETO), ("exact", EXACT),
    ):  # fmt: skip
        ways += [(method, stated.two_arm)] if measure.key in measures else []
    if measure.key in MIXED:
        ways += [("glmm", key) for key in TWO_ARM if measure.counts_people or "approx" not in key]
    others = [
        replace(stated, method=method, two_arm=two_arm, interval="", prediction="")
        for method, two_arm in ways
        if (method, method == "glmm" and two_arm) != _way(stated)
    ]
    return [stated, *others]


def _way(model: Model) -> tuple[str, bool | str]:
    return model.method, model.method == "glmm" and model.two_arm


def _row(rows: pd.DataFrame, silent: Mask, key: str, model: Model) -> dict[str, object]:
    """One method's figures; its refusal in words where it gives none."""
    label = METHOD_KINDS[model.method].label
    if model.method == "glmm":
        label = f"Mixed model, {TWO_ARM[model.two_arm]}"
    row: dict[str, object] = {"method": label}
    note = _becomes(MEASURES[key], model)
    try:
        without = pool(rows[~silent], key, model)
        row |= _figures(without, "")
        if note == SAME:
            row |= _figures(without, "_with") | {"k_with": len(rows)}
        else:
            row |= _figures(pool(rows, key, replace(model, double_zero="corrected")), "_with")
    except SynthesisError as error:
        note = str(error)
    return dict.fromkeys(COLUMNS) | row | {"note": note}


COLUMNS = (
    "method", "k", "estimate", "low", "high", "k_with", "estimate_with", "low_with", "high_with",
)  # fmt: skip


def _becomes(measure: Measure, model: Model) -> str:
    """What a method does with a comparison that has no event."""
    if not measure.scale.log_axis:
        return "differences of zero, with their weight"
    if model.method == "glmm":
        return "they inform the baselines" if model.two_arm == "random_baseline" else SAME
    if model.method == "mantel_haenszel" and model.mh_zero != "none":
        return f"{model.zero_add:g} added in the sums"
    return SAME if model.method in UNCORRECTED else f"{model.zero_add:g} added to their cells"


def _figures(answer: Synthesis, end: str) -> dict[str, object]:
    limits = answer.interval
    return {
        f"k{end}": answer.k, f"estimate{end}": answer.estimate,
        f"low{end}": limits and limits.low, f"high{end}": limits and limits.high,
    }  # fmt: skip
