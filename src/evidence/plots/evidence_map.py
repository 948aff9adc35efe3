"""Which question is answered by whom, and after how long: one dot per reported count."""

from __future__ import annotations

import math
from dataclasses import replace

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import count, plural
from .axis import Axis
from .frame import draw_rules, draw_texts, place, prepare
from .layout import Content, Layout
from .picture import leave
from .style import DEFAULT, POINTS_PER_MM, ForestStyle
from .text import clean
from .words import sentence

NEEDED = ("question", "cohort", "follow_up_months", "total", "pooled", "time_basis")
MONTHS = (0, 1, 3, 6, 12, 24, 60, 120, 240, 480, 960)
SIZES = (
    (1000, 8.0, "large, 1000 people or more"),
    (100, 6.0, "middle, 100 to 999"),
    (0, 4.0, "small, fewer or not stated"),
)
SHAPES = (("o", "●"), ("s", "■"), ("^", "▲"), ("D", "◆"), ("v", "▼"), ("P", "✚"), ("X", "✖"))
PLOT = 74.0  # width of the part with the dots, mm
LANE = 9.0  # height of a line of dots, points
APART = 0.27  # share of the plot for rows without a time
NAMED = 0.56  # where in that share they stand
LINEAR = 0.4 / 0.9  # length of the first month in decades, as matplotlib's symlog has it


def evidence_map(
    frame: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Questions against follow-up: one dot per row, filled when it is pooled.

    The size of a dot says how many people, its shape how the time was counted. Rows without a
    follow-up time stand apart at the right. Dots that would hide each other are set in lanes.

    Args:
        frame: rows with `question` (its label), `cohort`, `follow_up_months` (may be missing),
            `total` (may be missing), `pooled` (true or false) and `time_basis` (may be missing).
            Questions keep the order of their first row.
        ax: as in `forest`.
        title: above the figure; also opens the alt text.
        style: fonts, colours and width; its columns are not used.

    Returns:
        The Axes; x is months, linear in the first month and logarithmic from there.

    Raises:
        SynthesisError: a column is missing, a value cannot be, or too many time bases.
    """
    dots = _dots_of(frame)
    rows = evidence_rows(dots)
    axis = _axis(dots)
    style = replace(
        style, left=("question",), right=("cohorts", "pooled", "people"),
        plot_width=PLOT, min_plot_width=PLOT,
    )  # fmt: skip
    content = Content(
        rows=rows,
        fields={},
        axis_label="Follow-up, months",
        axis=lambda most: axis,  # noqa: ARG005
        title=title or "",
        notes=_notes(dots),
        message="" if len(rows) else "No row to show.",
    )
    ax, layout, corner = place(ax, content, style)
    with matplotlib.style.context("default"):
        ax.set_xscale("symlog", linthresh=1, linscale=0.4)
        prepare(ax, layout, corner, style)
        ax.minorticks_off()
        draw_rules(ax, layout, corner, style)
        draw_texts(ax, layout, corner, style)
        _draw(ax, dots, layout, style)
    return leave(
        ax, alt=_alt(rows, title), table=rows.drop(columns=["kind", "points"]), layout=layout
    )


def evidence_rows(dots: pd.DataFrame) -> pd.DataFrame:
    """One row per question: the table twin of the map."""
    grouped = dots.groupby("question", sort=False)
    return pd.DataFrame(
        {
            "kind": [f"question {number}" for number in range(grouped.ngroups)],
            "question": list(grouped.groups),
            "cohorts": grouped["cohort"].nunique().to_numpy(),
            "rows": grouped.size().to_numpy(),
            "pooled": grouped["pooled"].sum().to_numpy(),
            "people": [count(people) for people in grouped["total"].sum()],
            "shortest": grouped["follow_up_months"].min().to_numpy(),
            "longest": grouped["follow_up_months"].max().to_numpy(),
            "points": (grouped["lane"].max().to_numpy() + 1.0) * LANE + 3.0,
        }
    )


def _dots_of(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with the shape, size and lane of their dots."""
    missing = [name for name in NEEDED if name not in frame.columns]
    if missing:
        raise SynthesisError(f"the map needs the column {', '.join(missing)}")
    months = pd.to_numeric(frame["follow_up_months"], errors="coerce").astype(float)
    if (months < 0).any() or (months > MONTHS[-1]).any():
        raise SynthesisError(f"follow_up_months must lie between 0 and {MONTHS[-1]}, or be missing")
    totals = pd.to_numeric(frame["total"], errors="coerce")
    if (totals < 0).any():
        raise SynthesisError("total must not be negative in any row of the map")
    basis = frame["time_basis"].fillna("not stated").map(clean).replace("", "not stated")
    shapes = {name: index for index, name in enumerate(basis.drop_duplicates().sort_values())}
    if len(shapes) > len(SHAPES):
        raise SynthesisError(
            f"the map has shapes for {len(SHAPES)} time bases; these are {len(shapes)}: "
            f"{', '.join(shapes)}"
        )
    dots = frame.assign(
        question=frame["question"].map(clean),
        follow_up_months=months,
        total=totals,
        pooled=frame["pooled"].astype(bool),
        basis=basis,
        marker=[SHAPES[shapes[name]][0] for name in basis],
        size=[next(points for least, points, _ in SIZES if n >= least) for n in totals.fillna(0)],
    ).reset_index(drop=True)
    dots = dots.assign(x=_places(dots))
    return dots.assign(lane=_lanes(dots))


def _longest(dots: pd.DataFrame) -> float:
    """The last tick: the first round number of months that covers every row."""
    last = dots["follow_up_months"].max()
    return float(next(tick for tick in MONTHS[2:] if pd.isna(last) or tick >= last))


def _decades(months: float) -> float:
    return LINEAR * months if months <= 1 else LINEAR + math.log10(months)


def _apart(dots: pd.DataFrame, share: float) -> float:
    """The x, in months, that lies this share of the extra room beyond the last tick."""
    end = _decades(_longest(dots))
    return float(10 ** (end + share * end * APART / (1 - APART) - LINEAR))


def _places(dots: pd.DataFrame) -> pd.Series[float]:
    return dots["follow_up_months"].fillna(_apart(dots, NAMED))


def _axis(dots: pd.DataFrame) -> Axis:
    last = _longest(dots)
    ticks = _apart_enough([float(tick) for tick in MONTHS if tick <= last], dots)
    texts = [f"{tick:.0f}" for tick in ticks]
    if dots["follow_up_months"].isna().any():
        return Axis(0.0, _apart(dots, 1.0), (*ticks, _apart(dots, NAMED)), (*texts, "not stated"))
    return Axis(0.0, last, tuple(ticks), tuple(texts))


def _apart_enough(ticks: list[float], dots: pd.DataFrame) -> list[float]:
    """The ticks, from the last one down, whose names do not touch the one kept before."""
    scale = _scale(dots)
    kept = [ticks[-1]]
    for tick in reversed(ticks[:-1]):
        if scale * (_decades(kept[0]) - _decades(tick)) >= 4.6 * len(f"{kept[0]:.0f}") + 2:
            kept.insert(0, tick)
    return kept


def _scale(dots: pd.DataFrame) -> float:
    """Points per decade."""
    decades = _decades(_apart(dots, 1.0)) if dots["follow_up_months"].isna().any() else None
    return PLOT * POINTS_PER_MM / (decades or _decades(_longest(dots)))


def _lanes(dots: pd.DataFrame) -> pd.Series[int]:
    """For every dot the lowest lane of its question in which it hides no other."""
    scale = _scale(dots)
    lanes = pd.Series(0, index=dots.index)
    for _, own in dots.sort_values(["x", "size"], kind="stable").groupby("question", sort=False):
        ends: list[float] = []
        for index, x, size in zip(own.index, own["x"], own["size"], strict=True):
            start = scale * _decades(x) - size / 2
            lane = next((n for n, end in enumerate(ends) if end <= start), len(ends))
            ends[lane : lane + 1] = [start + size + 0.8]
            lanes[index] = lane
    return lanes


def _draw(ax: Axes, dots: pd.DataFrame, layout: Layout, style: ForestStyle) -> None:
    """Every dot in its lane; the lanes of a question are centred on its row."""
    centres = dict(zip(dots["question"].drop_duplicates(), layout.row_y, strict=True))
    most = dots.groupby("question")["lane"].transform("max")
    y = dots["question"].map(centres) + LANE * (dots["lane"] - most / 2)
    for (marker, pooled), own in dots.groupby(["marker", "pooled"]):
        ax.scatter(
            own["x"], y[own.index], s=own["size"] ** 2, marker=str(marker),
            facecolor=style.square if pooled else style.paper, edgecolor=style.ink,
            linewidths=0.6, zorder=3, clip_on=False, label="_pooled" if pooled else "_other",
        )  # fmt: skip


def _notes(dots: pd.DataFrame) -> tuple[str, ...]:
    """What fill, size and shape mean."""
    if dots.empty:
        return ()
    signs = dict(SHAPES)
    used = dots[["marker", "basis"]].drop_duplicates().sort_values("basis")
    shapes = ", ".join(
        f"{signs[marker]}\N{NO-BREAK SPACE}{basis}"
        for marker, basis in zip(used["marker"], used["basis"], strict=True)
    )
    sizes = "; ".join(text for _, _, text in SIZES)
    return (
        f"Filled: pooled; hollow: not pooled. Shape, how the time was counted: {shapes}.",
        f"Size: {sizes}. Months are on a logarithmic scale from the first on.",
    )


def _alt(rows: pd.DataFrame, title: str | None) -> str:
    """Each question in a sentence."""
    said = [f"Evidence map: {sentence(title)}" if title else "Evidence map."]
    for _, row in rows.iterrows():
        when = "no follow-up time stated"
        if pd.notna(row["shortest"]):
            when = f"follow-up {row['shortest']:g} to {row['longest']:g} months"
        said.append(
            f"{row['question'].rstrip('.?')}: {plural(row['rows'], 'row')} of "
            f"{plural(row['cohorts'], 'cohort')}, {row['pooled']} pooled, {when}."
        )
    return " ".join(said)
