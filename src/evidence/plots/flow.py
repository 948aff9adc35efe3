"""From rows found to cohorts pooled: how many left, and why."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import matplotlib.style
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.transforms import Bbox

from ..errors import SynthesisError
from ..formatting import count, plural
from .layout import EDGE, TITLE
from .picture import even_text, leave, new_axes, room_of, settle
from .style import DEFAULT, POINTS_PER_MM, ForestStyle
from .text import ASCENT, LINE, clean, font, width, wrap
from .words import sentence

MAIN, SIDE = 62.0, 78.0  # widths of the two columns of boxes, mm
PAD = 0.7  # between a box and its text, in font sizes


@dataclass(frozen=True)
class Box:
    """A box with its lines of text; left, top, width and height in points, y downwards."""

    lines: tuple[str, ...]
    left: float
    top: float
    width: float
    height: float
    kept: bool


@dataclass(frozen=True)
class Flow:
    """All boxes, the title's lines and the size of it all, in points."""

    boxes: tuple[Box, ...]
    title: tuple[str, ...]
    size: float
    width: float
    height: float


def flow(
    steps: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """A flow diagram in the manner of PRISMA: kept rows go down, the others leave to the right.

    Args:
        steps: top to bottom, with `stage` (what is counted), `kind` ("kept" or "left") and `count`,
            or `rows` and perhaps their `cohorts`. `reason` says why rows left; without that column,
            or where it is blank, `stage` says it.
        ax: Axes whose place is filled; without it a new figure as large as the content.
        title: above the figure; also opens the alt text.
        style: fonts, colours and width.

    Returns:
        The Axes, in points with y downwards.

    Raises:
        SynthesisError: a column is missing, a kind is unknown, the first step is not "kept", or
            the rows that left do not explain the difference between two kept counts.

    >>> steps = pd.DataFrame({"stage": ["Rows found", "", "Rows pooled"], "count": [10, 4, 6],
    ...                       "kind": ["kept", "left", "kept"], "reason": ["", "overlap", ""]})
    >>> flow(steps).get_label()
    'Flow of rows. Rows found: 10. Left: overlap 4. Rows pooled: 6.'
    """
    steps = _checked(steps)
    wide = style.width and style.width * POINTS_PER_MM - 2 * EDGE
    if ax is None:
        plan = _fitting(steps, title or "", style, wide, None)
        ax = new_axes(plan.width + 2 * EDGE, plan.height + 2 * EDGE, style.paper)
        box = Bbox.from_bounds(EDGE, EDGE, plan.width, plan.height)
    else:
        room = room_of(ax)
        plan = _fitting(steps, title or "", style, room.width, room.height)
        box = Bbox.from_bounds(room.x0, room.y1 - plan.height, plan.width, plan.height)
    with matplotlib.style.context("default"):
        settle(ax, box)
        ax.set_axis_off()
        ax.set_xlim(0, plan.width)
        ax.set_ylim(plan.height, 0)
        _draw(ax, plan, style)
    return leave(ax, alt=_alt(steps, title), table=steps)


def _checked(steps: pd.DataFrame) -> pd.DataFrame:
    numbers = "rows" if "rows" in steps.columns and "count" not in steps.columns else "count"
    missing = [name for name in ("stage", numbers, "kind") if name not in steps.columns]
    if missing:
        raise SynthesisError(f"the flow needs the column {', '.join(missing)}")
    if steps.empty or steps["kind"].iloc[0] != "kept":
        raise SynthesisError("the first step of a flow must be of kind 'kept'")
    unknown = sorted(set(steps["kind"]) - {"kept", "left"})
    if unknown:
        raise SynthesisError(f"a step is 'kept' or 'left', not {unknown[0]!r}")
    reason = steps["reason"].fillna("") if "reason" in steps.columns else ""
    steps = steps.assign(count=steps[numbers].astype(int), reason=reason)
    steps["text"] = [_number(row, numbers) for row in steps.to_dict("records")]
    if (steps["count"] < 0).any():
        raise SynthesisError("no count of a flow may be negative")
    remaining, left = int(steps["count"].iloc[0]), 0
    for kind, stage, number in zip(steps["kind"], steps["stage"], steps["count"], strict=True):
        if kind == "left":
            left += number
            continue
        if left and remaining - left != number:
            raise SynthesisError(
                f"the flow does not add up at {stage!r}: {remaining} before, {left} left, "
                f"so {remaining - left} remain, not {number}"
            )
        remaining, left = number, 0
    return steps.reset_index(drop=True)


def _number(row: dict[Hashable, Any], numbers: str) -> str:
    """How many, as it stands in a box: n of a plain count, else rows and their cohorts."""
    if numbers == "count":
        return f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{count(row['count'])}"
    text = plural(row["count"], "row")
    return f"{text}, {plural(int(row['cohorts']), 'cohort')}" if "cohorts" in row else text


def _fitting(
    steps: pd.DataFrame, title: str, style: ForestStyle, wide: float | None, tall: float | None
) -> Flow:
    """The diagram in the largest font that fits."""
    size = style.font_size
    while True:
        plan = _plan(steps, title, style.fonts, size, wide)
        if plan.width <= (wide or plan.width) + 0.01 and plan.height <= (tall or plan.height):
            return plan
        if size <= style.min_font_size:
            raise SynthesisError(
                f"the flow needs {plan.width / POINTS_PER_MM:.0f} mm by "
                f"{plan.height / POINTS_PER_MM:.0f} mm at the smallest font ({size:g} pt); "
                "give it more room or fewer reasons"
            )
        size = max(style.min_font_size, size - 0.25)


def _plan(
    steps: pd.DataFrame, title: str, fonts: tuple[str, ...], size: float, wide: float | None
) -> Flow:
    """Boxes from top to bottom; what left between two kept steps shares one box between them."""
    gap = 2.2 * size
    total = wide or (MAIN + SIDE) * POINTS_PER_MM + gap
    main = (total - gap) * MAIN / (MAIN + SIDE)
    lines = wrap(clean(title), total / (TITLE * size), fonts, True) if clean(title) else ()
    y = (LINE * TITLE * len(lines) + 0.9 * bool(lines)) * size
    boxes: list[Box] = []
    for texts, kept in _groups(steps):
        across = main if kept else total - gap - main
        broken = [
            line for text in texts for line in wrap(text, across / size - 2 * PAD, fonts, True)
        ]
        height = (LINE * len(broken) + 2 * PAD) * size
        if boxes:
            y += 1.0 * size if not kept or not boxes[-1].kept else 2.0 * size
        boxes.append(Box(tuple(broken), 0.0 if kept else main + gap, y, across, height, kept))
        y += height
    wide_enough = all(
        size * width(line, fonts, True) <= box.width for box in boxes for line in box.lines
    )
    return Flow(tuple(boxes), lines, size, total if wide_enough else total + size, y + 0.6)


def _groups(steps: pd.DataFrame) -> list[tuple[list[str], bool]]:
    """The paragraphs of each box; what left opens with its sum when it has several reasons."""
    groups: list[tuple[list[str], bool]] = []
    sections = (steps["kind"] != steps["kind"].shift()).cumsum()
    for _, own in steps.groupby(sections):
        names = own["reason"].where(own["reason"] != "", own["stage"])
        if own["kind"].iloc[0] == "kept":
            groups += [
                ([_counted(*pair)], True) for pair in zip(own["stage"], own["text"], strict=True)
            ]
            continue
        reasons = [_counted(*pair) for pair in zip(names, own["text"], strict=True)]
        total = [f"Left out: {count(own['count'].sum())}"] if len(own) > 1 else []
        groups.append(([*total, *reasons], False))
    return groups


def _counted(text: str, number: str) -> str:
    text = clean(text)
    unbroken = number.replace(" ", "\N{NO-BREAK SPACE}")
    return f"{text[:1].upper()}{text[1:]} ({unbroken})"


def _draw(ax: Axes, plan: Flow, style: ForestStyle) -> None:
    for index, line in enumerate(plan.title):
        size = TITLE * plan.size
        face = font(style.fonts, size, bold=True)
        ax.add_artist(even_text(line, (0.0, (ASCENT + LINE * index) * size), face, style.ink))
    for box in plan.boxes:
        ax.add_patch(
            Rectangle(
                (box.left, box.top), box.width, box.height, facecolor="none",
                edgecolor=style.ink if box.kept else style.rule, linewidth=0.7, clip_on=False,
                label="_kept" if box.kept else "_left",
            )
        )  # fmt: skip
        face = font(style.fonts, plan.size)
        for index, line in enumerate(box.lines):
            y = box.top + (PAD + ASCENT + 0.12 + LINE * index) * plan.size
            ax.add_artist(even_text(line, (box.left + PAD * plan.size, y), face, style.ink))
    kept = [box for box in plan.boxes if box.kept]
    for above, below in pairwise(kept):
        x = above.width / 2
        _arrow(ax, (x, above.top + above.height), (x, below.top), style)
    trunk = kept[0].width / 2
    for box in plan.boxes:
        if not box.kept:
            y = box.top + box.height / 2
            _arrow(ax, (trunk, y), (box.left, y), style)


def _arrow(ax: Axes, start: Sequence[float], end: Sequence[float], style: ForestStyle) -> None:
    ax.add_patch(
        FancyArrowPatch(
            (start[0], start[1]), (end[0], end[1]), arrowstyle="-|>,head_width=2,head_length=3.5",
            mutation_scale=1, shrinkA=0, shrinkB=0, color=style.ink, linewidth=0.7, clip_on=False,
            label="_arrow",
        )
    )  # fmt: skip


def _alt(steps: pd.DataFrame, title: str | None) -> str:
    """The counts in order."""
    said = [f"Flow of rows: {sentence(title)}" if title else "Flow of rows."]
    left: list[str] = []
    for row in steps.to_dict("records"):
        if row["kind"] == "left":
            left.append(f"{clean(row['reason']) or clean(row['stage'])} {count(row['count'])}")
            continue
        if left:
            said.append(f"Left: {', '.join(left)}.")
            left = []
        said.append(f"{clean(row['stage'])}: {count(row['count'])}.")
    if left:
        said.append(f"Left: {', '.join(left)}.")
    return " ".join(said)
