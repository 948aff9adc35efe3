"""Figures of the checks: leave-one-out, Baujat, all subsets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..errors import SynthesisError
from ..formatting import count, fixed, percent, plural
from ..pooling.model import Synthesis
from ..sensitivity.check import shown
from ..sensitivity.gosh import ALL_UP_TO, SEED, baujat, gosh, outlier_sweep
from ..sensitivity.influence import influence_check, leave_one_out
from .axis import Axis, axis_of, linear_axis
from .chart import DOT, Chart, draw_chart, opening
from .check_rows import LIMITS, draw_answers
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .text import clean, font
from .words import measured, sentence

NAMED = 3  # studies that are named in a scatter
DRAWN = 2000  # subsets that are drawn; more would only hide each other


def leave_one_out_plot(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """The answer without each study in turn, and below them the whole answer.

    Args:
        synthesis: a pooled answer of three studies or more.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.

    >>> from evidence import pool
    >>> frame = pd.DataFrame({"study_id": list("abcd"), "events": [3, 6, 10, 1],
    ...                       "total": [11, 17, 21, 6]})
    >>> leave_one_out_plot(pool(frame)).get_label()[:34]
    'Leave-one-out plot. Without any on'
    """
    found = leave_one_out(synthesis).table
    labels = [f"without {name}" for name in study_names(synthesis.studies)]
    note = (
        f"The model is fitted anew without each study: {synthesis.method_text}; interval: "
        f"{synthesis.interval_text}."
    )
    rows = found.assign(label=labels)[["label", *LIMITS]]
    ax = draw_answers(synthesis, rows, note, ax=ax, title=title, style=style)
    low, high = found["estimate"].min(), found["estimate"].max()
    alt = (
        f"{opening('Leave-one-out plot', title)} Without any one of {plural(len(found), 'study')} "
        f"the estimate lies between {shown(low, synthesis)} and {shown(high, synthesis)}; with all "
        f"it is {shown(synthesis.estimate or 0.0, synthesis)}."
    )
    return leave(ax, alt=alt, table=found)


def outlier_sweep_plot(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """The answer as the studies that fit least are set aside, one more in each row.

    Arguments as for `leave_one_out_plot`.
    """
    found = outlier_sweep(synthesis).table.iloc[1:]
    names = dict(zip(synthesis.studies["study_id"].astype(str), study_names(synthesis.studies),
                     strict=True))  # fmt: skip
    labels = [
        f"{'without' if not row else 'nor'} {clean(names[study])}"
        for row, study in enumerate(found["set_aside"])
    ]
    note = (
        "From row to row one more study is set aside, that with the largest studentised residual. "
        "This shows what such studies do to the answer, not that they are wrong."
    )
    rows = found.assign(label=labels)[["label", *LIMITS]]
    ax = draw_answers(synthesis, rows, note, ax=ax, title=title, style=style)
    last = found.iloc[-1]
    alt = (
        f"{opening('Outlier sweep', title)} With {plural(len(found), 'study')} set aside the "
        f"estimate is {shown(last['estimate'], synthesis)}; with all it is "
        f"{shown(synthesis.estimate or 0.0, synthesis)}."
    )
    return leave(ax, alt=alt, table=found)


def influence_plot(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Weight of each study against Cook's distance; those beyond a customary limit are named.

    Arguments as for `leave_one_out_plot`.
    """
    found = influence_check(synthesis)
    table = found.table.assign(name=study_names(synthesis.studies).to_numpy())
    x = _from_zero(table["hat"])
    chart = Chart(
        title or "",
        lambda most: linear_axis([0.0, table["hat"].max()], bounds=(0, 1), factor=100, most=most),
        "Weight, %", _from_zero(table["cook"]), "Cook's distance",
        ("One dot is one study in the inverse-variance model; squares pass a customary limit and "
         "are named. That a study changes the answer does not make it wrong.",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    for flagged, marker, colour in ((False, "o", style.square), (True, "s", style.claim)):
        part = table[table["flagged"] == flagged]
        ax.scatter(
            part["hat"], part["cook"], s=DOT**2, marker=marker, color=colour,
            edgecolor=style.ink, linewidths=0.5, zorder=3, clip_on=False,
            label="_flagged" if flagged else "_studies",
        )  # fmt: skip
    beyond = table[table["flagged"]]
    for name, hat, cook in zip(beyond["name"], beyond["hat"], beyond["cook"], strict=True):
        _name(ax, clean(name), (float(hat), float(cook)), x, style)
    who = ", ".join(clean(name) for name in beyond["name"]) or "none"
    alt = (
        f"{opening('Influence plot', title)} {plural(len(table), 'study')}; beyond a customary "
        f"limit: {who}."
    )
    return leave(ax, alt=alt, table=table)


def baujat_plot(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """What each study adds to heterogeneity against what it does to the answer.

    The studies farthest from the corner are named. Arguments as for `leave_one_out_plot`.
    """
    table = baujat(synthesis).assign(name=study_names(synthesis.studies).to_numpy())
    figures = ("heterogeneity", "influence")
    x, y = (_from_zero(table[name]) for name in figures)
    chart = Chart(
        title or "", lambda most: _from_zero(table["heterogeneity"], most),
        "Part of Cochran's Q", y, "Squared change of the pooled effect, in its variances",
        ("One dot is one study, with a common effect (Baujat et al. 2002). Far to the right: "
         "differs from the others. High up: changes the answer.",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    ax.scatter(
        table["heterogeneity"], table["influence"], s=DOT**2, color=style.square,
        edgecolor=style.ink, linewidths=0.5, zorder=3, clip_on=False, label="_studies",
    )  # fmt: skip
    far = (table["heterogeneity"] / x.high) ** 2 + (table["influence"] / y.high) ** 2
    first = table.iloc[np.argsort(-far.to_numpy(float), kind="stable")[:NAMED]]
    for name, across, up in zip(first["name"], *(first[f] for f in figures), strict=True):
        _name(ax, clean(name), (float(across), float(up)), x, style)
    most = first.iloc[0]
    alt = (
        f"{opening('Baujat plot', title)} {plural(len(table), 'study')}; "
        f"{sentence(str(most['name'])).rstrip('.')} stands farthest out, with "
        f"{fixed(1)(most['heterogeneity'])} of {fixed(1)(table['heterogeneity'].sum())} of "
        "Cochran's Q."
    )
    return leave(ax, alt=alt, table=table)


def gosh_plot(
    synthesis: Synthesis,
    study: str = "",
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimate and heterogeneity of all subsets of the studies, or of random ones.

    Args:
        synthesis: a pooled answer of three studies or more.
        study: a `study_id`; subsets that hold it have another colour and mark.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`; its columns are not used.

    Raises:
        SynthesisError: a study that the answer does not hold.
    """
    table, members = gosh(synthesis)
    ids = synthesis.studies["study_id"].astype(str).tolist()
    if study and study not in ids:
        raise SynthesisError(
            f"study {study!r} is not in the answer; choose one of: {', '.join(ids)}"
        )
    inside = members[:, ids.index(study)] if study else np.zeros(len(table), bool)
    drawn = np.random.default_rng(SEED).permutation(len(table))[:DRAWN]
    scale = synthesis.measure.scale
    y = linear_axis([0.0, 0.1, table["i2"].max()], bounds=(0.0, 1.0), factor=100, most=6)
    ends = axis_of(scale, table["estimate"])

    def axis(most: int) -> Axis:
        return axis_of(scale, table["estimate"], most=most, ends=(ends.low, ends.high))

    kind = "all" if synthesis.k <= ALL_UP_TO else "random"
    notes = [f"One dot is one subset: {count(len(drawn))} drawn of {count(len(table))} ({kind})."]
    if study:
        notes.append(f"Crosses: subsets that hold {study}; dots: subsets without it.")
    chart = Chart(title or "", axis, measured(synthesis), y, "I², %", tuple(notes))
    ax = draw_chart(ax, chart, style)
    for part, marker, colour in (
        (drawn[~inside[drawn]], "o", style.square), (drawn[inside[drawn]], "x", style.claim)
    ):  # fmt: skip
        ax.scatter(
            table["estimate"].iloc[part], table["i2"].iloc[part], s=4.0, marker=marker,
            color=colour, linewidths=0.5, alpha=0.6, zorder=3, clip_on=False,
            label="_inside" if marker == "x" else "_subsets",
        )  # fmt: skip
    alt = _gosh_alt(table, inside, study, title, synthesis)
    return leave(ax, alt=alt, table=table)


def _gosh_alt(
    table: pd.DataFrame, inside: np.ndarray, study: str, title: str | None, synthesis: Synthesis
) -> str:
    """Where the subsets lie, in words."""
    said = [
        f"{opening('Plot of subsets (GOSH)', title)} {count(len(table))} subsets; the estimate "
        f"lies between {shown(table['estimate'].min(), synthesis)} and "
        f"{shown(table['estimate'].max(), synthesis)}, I² between "
        f"{percent(table['i2'].min(), 0)}% and {percent(table['i2'].max(), 0)}%."
    ]
    if study:
        with_, without = (table.loc[part, "estimate"].median() for part in (inside, ~inside))
        said.append(
            f"Median with {study} {shown(with_, synthesis)}, without {shown(without, synthesis)}."
        )
    return " ".join(said)


def _from_zero(values: Sequence[float] | pd.Series, most: int = 6) -> Axis:
    top = max(float(np.max(values)), 1e-6)
    return linear_axis([0.0, 1.05 * top], bounds=(0.0, np.inf), most=most)


def _name(ax: Axes, text: str, at: tuple[float, float], x: Axis, style: ForestStyle) -> None:
    """A name beside its dot, on the side where there is room."""
    face = font(style.fonts, 0.9 * style.font_size)
    right = at[0] > (x.low + x.high) / 2
    shift = (-DOT if right else DOT, -0.3 * style.font_size)
    ax.annotate(
        text, at, xytext=shift, textcoords="offset points", fontproperties=face,
        color=style.ink, ha="right" if right else "left", va="baseline", parse_math=False,
        annotation_clip=False,
    )  # fmt: skip
