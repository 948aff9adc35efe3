# ruff: noqa: E501 - rows of a Markdown table are one line each
"""The published page: the tables, where each interval fails, and what follows."""

from __future__ import annotations

import pandas as pd

from ..formatting import percent
from .intervals import LEFT_OUT, MEAN, MEDIAN, NEW
from .scenarios import NESTED, RATES, SCENARIOS, SIZES, STUDIES, TAUS, WITHIN
from .simulation import SEED

FAR = 0.90
"""A coverage below this, by more than two standard errors, is called a failure."""
SPLITS: dict[str, dict[object, str]] = {
    "k": {k: f"k = {k}" for k in STUDIES},
    "sizes": {sizes: sizes.removesuffix(" people") for sizes in SIZES},
    "rate": {rate: f"rate {percent(rate, 0)}%" for rate in RATES},
    "tau": {tau: f"tau {tau:g}" for tau in TAUS},
}
TITLES = {
    MEDIAN: "Interval of the answer",
    MEAN: "Interval of the mean rate",
    NEW: "Prediction interval",
}


def page(table: pd.DataFrame) -> str:
    """The whole page from the table of `run`."""
    single, nested = table[table["rows"] == 1], table[table["rows"] > 1]
    parts = [
        f"## {title}\n\n{_coverages(single[single['of'] == of])}" for of, title in TITLES.items()
    ]
    return TEXT.format(
        tables="\n\n".join(parts),
        failures=markdown(_printed(verdicts(single))),
        nested=_coverages(nested, {NEW: " (prediction)"}),
        sets=f"{int(table['sets'].max()):,}",
        scenarios=len(SCENARIOS),
        cohorts=len(NESTED),
        within=WITHIN,
        sizes=" or ".join(SIZES),
        seed=SEED,
        left_out="\n".join(f"* `{name}`: {why}" for name, why in LEFT_OUT.items()),
    )


def _coverages(rows: pd.DataFrame, of_what: dict[str, str] | None = None) -> str:
    """Coverage by each circumstance, as a mean over all scenarios that have it."""
    words = of_what or {}
    lines = []
    for (of, name), own in rows.groupby(["of", "interval"], sort=False):
        line = {"interval": f"{name}{words.get(str(of), '')}"}
        line["sets"] = f"{int(own['sets'].max()):,}"
        line["given"] = f"{percent(own['given'].sum() / own['sets'].sum(), 0)}%"
        for column, values in SPLITS.items():
            for value, title in values.items():
                some = own[own[column] == value]
                if len(some):
                    line[title] = _mean(some)
        line["width"] = percent(float(own["width"].mean()))
        lines.append(line)
    return markdown(pd.DataFrame(lines))


def _mean(rows: pd.DataFrame) -> str:
    """Mean coverage with its Monte Carlo standard error, in percent."""
    error = float((rows["error"] ** 2).sum()) ** 0.5 / len(rows)
    return f"{percent(float(rows['coverage'].mean()))} ({percent(error)})"


def verdicts(table: pd.DataFrame) -> pd.DataFrame:
    """For each interval in how many scenarios it fails, and the one where it covers least.

    Args:
        table: what `run` gives.

    Returns:
        One row per interval: `of`, `interval`, `scenarios`, `failures` (coverage below `FAR` by
        more than two standard errors), and the fields of the worst scenario.
    """
    lines = []
    for _, own in table.groupby(["of", "interval"], sort=False):
        worst = own.iloc[int(own["coverage"].to_numpy().argmin())]
        failing = own["coverage"] + 2 * own["error"] < FAR
        lines.append(worst.to_dict() | {"scenarios": len(own), "failures": int(failing.sum())})
    return pd.DataFrame(lines)


def _printed(found: pd.DataFrame) -> pd.DataFrame:
    """The table of failures in words."""
    lines = [
        {
            "interval of": row["of"],
            "interval": row["interval"],
            f"below {percent(FAR, 0)}%": f"{row['failures']} of {row['scenarios']}",
            "covers least": f"{percent(row['coverage'])} ({percent(row['error'])})",
            "there": f"{row['k']} studies, {row['sizes']}, rate {percent(row['rate'], 0)}%, tau {row['tau']:g}",
        }
        for row in found.to_dict("records")
    ]
    return pd.DataFrame(lines)


def markdown(frame: pd.DataFrame) -> str:
    """A frame of texts as a table; the first column, and every one of words, to the left."""
    numbers = [bool(frame[name].str.match(r"\d").all()) for name in frame]
    rule = "|".join("---:" if number else "---" for number in numbers)
    lines = [" | ".join(frame.columns), *(" | ".join(row) for row in frame.to_numpy().tolist())]
    return "\n".join([f"| {lines[0]} |", f"|{rule}|", *(f"| {line} |" for line in lines[1:])])


TEXT = """\
{tables}
{failures}
{nested}
{left_out}
"""
