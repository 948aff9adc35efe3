"""Figures with two axes: funnel, bubble, drapery, profile of tau², caterpillar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from scipy import special

from ..errors import SynthesisError
from ..formatting import fixed, plural, significant
from ..pooling.likelihood import log_likelihood
from ..pooling.model import Synthesis
from ..pooling.weighting import intercept
from ..pooling.wording import answer_text, interval_text
from .axis import Axis, axis_of, linear_axis, log_axis
from .chart import Chart, draw_chart, flipped
from .picture import leave
from .rows import study_names
from .style import DEFAULT, ForestStyle
from .words import measured, sentence

Array = NDArray[np.float64]
STEPS = 201  # points of a drawn curve
DOT = 5.0  # diameter of a study's dot, points


def funnel(
    synthesis: Synthesis,
    *,
    by: str = "",
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimates against the size of the studies, with the range that chance alone allows.

    Against the standard error, a funnel of proportions leans even without small-study effects,
    because the error depends on the proportion: sample size is the better axis (Hunter et al. 2014,
    doi 10.1016/j.jclinepi.2014.03.003).

    Args:
        synthesis: a pooled answer.
        by: "size" (people or person-time, logarithmic) or "se" (on the analysis scale); size where
            the measure has counts.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: nothing was pooled, or another axis.
    """
    centre = _estimate(synthesis, "funnel plot")
    counts = "events" in synthesis.measure.needs
    by = by or ("size" if counts else "se")
    if by not in ("size", "se") or (by == "size" and not counts):
        raise SynthesisError(f"by must be 'se', or 'size' for a measure of counts; it is {by!r}")
    studies, scale = synthesis.studies, synthesis.measure.scale
    table = funnel_rows(synthesis)
    z = float(special.ndtri((1 + synthesis.model.level) / 2))
    if by == "size":
        y = log_axis(table["size"], most=6)
        sizes = np.geomspace(y.low, y.high, STEPS)
        low, high = _chance(centre, sizes, z, people=synthesis.measure.counts_people)
        heights, rule = table["size"].to_numpy(float), sizes
        unit = "People" if synthesis.measure.counts_people else "Person-years"
        label = f"{unit}, logarithmic"
    else:
        most = float(table["se"].max())
        up = linear_axis([0.0, most], bounds=(0.0, np.inf), most=6, ends=(0.0, 1.05 * most))
        y, heights = flipped(up), table["se"].to_numpy(float)
        rule = np.linspace(0.0, up.high, STEPS)
        effect = float(synthesis.effect or 0.0)
        low, high = scale.inverse(effect - z * rule), scale.inverse(effect + z * rule)
        label = f"Standard error, {scale.label} scale"
    seen = [*studies["estimate"], centre, float(low.min()), float(high.max())]
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most), measured(synthesis), y, label,
        (f"Dashed: {synthesis.model.level * 100:g}% of studies would lie between the lines if "
         "chance alone set them apart from the pooled estimate (solid line).",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    _line(ax, ((centre, centre), (y.low, y.high)), style.ink, "_centre")
    for side in (low, high):
        _line(ax, (side, rule), style.rule, "_limits", dashes=(4, 2))
    _dots(ax, (studies["estimate"], heights), style, "_studies")
    inside = np.asarray(table["inside"], bool)
    number, unit = synthesis.measure.scale.text, scale.unit
    alt = (
        f"{_opening('Funnel plot', title)} {plural(len(table), 'study')} around "
        f"{number(centre)}{unit}. {int(inside.sum())} of {len(table)} lie inside the range that "
        f"chance allows{_named(table[~inside])}."
    )
    return leave(ax, alt=alt, table=table)


def funnel_rows(synthesis: Synthesis) -> pd.DataFrame:
    """One row per study: estimate, size, standard error, and whether it lies inside the funnel."""
    studies, model = synthesis.studies, synthesis.model
    z = float(special.ndtri((1 + model.level) / 2))
    se = np.sqrt(studies["variance"].to_numpy(float))
    table = pd.DataFrame({"label": study_names(studies), "estimate": studies["estimate"], "se": se})
    if "events" not in synthesis.measure.needs:
        gap = studies["effect"].to_numpy(float) - float(synthesis.effect or 0.0)
        return table.assign(inside=np.abs(gap) <= z * se)
    people = synthesis.measure.counts_people
    size = studies["total" if people else "person_time"].to_numpy(float)
    centre = _estimate(synthesis, "funnel plot")
    low, high = _chance(centre, size, z, people=people)
    return table.assign(size=size, inside=studies["estimate"].between(low, high).to_numpy())


def _chance(centre: float, size: Array, z: float, *, people: bool) -> tuple[Array, Array]:
    """Where rates of studies of a size lie by chance: score limits, inside the bounds."""
    spread = centre * (1 - centre) if people else centre
    half = z * np.sqrt(spread / size)
    top = 1.0 if people else np.inf
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, top)


def bubble(
    synthesis: Synthesis,
    by: str,
    *,
    line: pd.DataFrame | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Estimates against a moderator, bubbles as large as the studies' weights, and a fitted line.

    Args:
        synthesis: the answer whose studies are drawn.
        by: a column of its studies that holds numbers, such as "year".
        line: a fitted regression: the column `by` with `estimate`, and `low` and `high` for its
            band, reading scale; such as the `predict` of a meta-regression.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: no such column, a column that is not of numbers, or too few studies.
    """
    studies, scale = synthesis.studies, synthesis.measure.scale
    if by not in studies.columns:
        raise SynthesisError(
            f"{by!r} is not a column of the studies; choose from: {', '.join(studies.columns)}"
        )
    x = pd.to_numeric(studies[by], errors="coerce").astype(float)
    known = x.notna()
    if known.sum() < 2:
        raise SynthesisError(f"{by!r} has fewer than two numbers, so nothing can be drawn over it")
    if line is not None and (missing := {by, "estimate"} - set(line.columns)):
        raise SynthesisError(f"the line needs the column {', '.join(sorted(missing))}")
    extra = [] if line is None else [line[c] for c in ("estimate", "low", "high") if c in line]
    seen = [*studies.loc[known, "estimate"], *(float(v) for part in extra for v in part)]
    y = axis_of(scale, seen)
    ends = [float(v) for v in (x[known] if line is None else [*x[known], *line[by]])]
    pad = 0.04 * (max(ends) - min(ends)) or 1.0
    reach = (min(ends) - pad, max(ends) + pad)
    name = by.replace("_", " ").capitalize()
    left = int((~known).sum())
    notes = ["Bubble area is proportional to weight."]
    notes += [f"{plural(left, 'study')} without {name.lower()} not drawn."] if left else []
    chart = Chart(
        title or "",
        lambda most: linear_axis(ends, bounds=(-np.inf, np.inf), most=most, ends=reach),
        name, y, measured(synthesis), (" ".join(notes),),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    if line is not None:
        at = line.sort_values(by)
        if {"low", "high"} <= set(at.columns):
            ax.fill_between(
                at[by], at["low"], at["high"], color=style.band, linewidth=0, zorder=1,
                label="_band",
            )  # fmt: skip
        _line(ax, (at[by], at["estimate"]), style.ink, "_line")
    weight = studies.loc[known, "weight"].fillna(1.0).to_numpy(float)
    side = 14.0 * np.sqrt(weight / weight.max())
    last = np.argsort(-side, kind="stable")  # small bubbles lie on large ones
    places = (x[known].to_numpy()[last], studies.loc[known, "estimate"].to_numpy()[last])
    _dots(ax, places, style, "_bubbles", np.maximum(side[last], 3.0))
    number = synthesis.measure.scale.text
    alt = (
        f"{_opening('Bubble plot', title)} {plural(int(known.sum()), 'study')} over {name.lower()}"
    )
    alt += f", from {min(x[known]):g} to {max(x[known]):g}."
    if line is not None:
        at = line.sort_values(by)
        alt += (
            f" The line goes from {number(at['estimate'].iloc[0])}{scale.unit} to "
            f"{number(at['estimate'].iloc[-1])}{scale.unit}."
        )
    table = studies.assign(label=study_names(studies))[["label", by, "estimate", "weight"]]
    if line is not None:
        table = pd.concat([table.assign(kind="study"), line.assign(kind="line")], ignore_index=True)
    return leave(ax, alt=alt, table=table)


def drapery(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """p-value functions: for every value of the rate, how well each study and the answer agree.

    After Rücker and Schwarzer (2021), doi 10.1002/jrsm.1410. Where a curve crosses a level, there
    the interval of that confidence ends. The curve of a study is that of its effect and variance
    on the analysis scale, which may differ a little from the interval that a forest plot shows.

    Args:
        synthesis: a pooled answer by effects and variances, with a t or normal interval.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: nothing was pooled, or an interval that is neither normal nor t.
    """
    _estimate(synthesis, "drapery plot")
    table = drapery_rows(synthesis)
    scale, level = synthesis.measure.scale, synthesis.model.level
    pooled = table[table["label"] == "Pooled estimate"]
    seen = [*synthesis.studies["low"], *synthesis.studies["high"]]
    ends = axis_of(scale, seen)
    y = Axis(0.0, 1.0, (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.0), ("0", "0.05", "0.2", "0.4", "0.6",
             "0.8", "1"))  # fmt: skip
    notes = "Thin: a study; thick: the pooled estimate. Where a curve lies below the dotted line "
    notes += f"at {1 - level:.2g}, the value is outside its {level * 100:g}% interval."
    if synthesis.prediction:
        notes += " Bar: prediction interval."
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most, ends=(ends.low, ends.high)),
        measured(synthesis), y, "p-value", (notes,),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    for label, curve in table.groupby("label", sort=False):
        if label != "Pooled estimate":
            inside = curve[curve["value"].between(ends.low, ends.high) & (curve["p"] > 1e-3)]
            _line(ax, (inside["value"], inside["p"]), style.square, "_study", wide=0.7)
    shown = pooled[pooled["value"].between(ends.low, ends.high) & (pooled["p"] > 1e-3)]
    _line(ax, (shown["value"], shown["p"]), style.diamond, "_pooled", wide=1.8)
    _line(ax, ((ends.low, ends.high), (1 - level,) * 2), style.rule, "_level", dashes=(1, 1.5))
    if synthesis.prediction:
        spread = (synthesis.prediction.low, synthesis.prediction.high)
        low, high = (float(np.clip(end, ends.low, ends.high)) for end in spread)
        ax.add_patch(
            Rectangle((low, 0.0), high - low, 0.018, facecolor=style.prediction, zorder=5,
                      edgecolor="none", label="_prediction")
        )  # fmt: skip
    alt = (
        f"{_opening('Drapery plot', title)} p-value functions of {plural(synthesis.k, 'study')} "
        f"and of the pooled estimate {answer_text(synthesis)}."
    )
    if synthesis.prediction:
        limits = interval_text(synthesis.prediction, scale)
        alt += f" Prediction interval for a new study {limits}{scale.unit}."
    return leave(ax, alt=alt, table=table)


def drapery_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The curves: `label`, `value` (reading scale) and `p`, for every study and the answer."""
    studies, scale = synthesis.studies, synthesis.measure.scale
    effects = studies["effect"].to_numpy(float)
    errors = np.sqrt(studies["variance"].to_numpy(float))
    z = float(special.ndtri((1 + synthesis.model.level) / 2))
    grid = np.linspace(float((effects - 1.5 * z * errors).min()),
                       float((effects + 1.5 * z * errors).max()), STEPS)  # fmt: skip
    df = _degrees(synthesis)
    effect, se = float(synthesis.effect or 0.0), float(synthesis.se or 0.0)
    grid = np.unique(np.append(grid, [effect, *effects]))
    value = scale.inverse(grid)

    def curve(label: str, p: Array) -> pd.DataFrame:
        return pd.DataFrame({"label": label, "value": value, "p": p})

    found = [
        curve(name, 2 * np.asarray(special.ndtr(-np.abs(grid - centre) / own), float))
        for name, centre, own in zip(study_names(studies), effects, errors, strict=True)
    ]
    away = -np.abs(grid - effect) / se
    pooled = np.asarray(special.ndtr(away) if df is None else special.stdtr(df, away), float)
    found.append(curve("Pooled estimate", 2 * pooled))
    return pd.concat(found, ignore_index=True)


def _degrees(synthesis: Synthesis) -> float | None:
    """Degrees of freedom of the answer's interval, None for a normal one."""
    if synthesis.interval is not None and synthesis.effect is not None and synthesis.se:
        link, level = synthesis.measure.scale.link, synthesis.model.level
        limits = np.array([synthesis.interval.low, synthesis.interval.high])
        with np.errstate(divide="ignore"):
            half = np.abs(link(limits) - synthesis.effect) / synthesis.se
        for df in (None, synthesis.k - 1, synthesis.k - 2):
            tail = (1 + level) / 2
            t = float(special.ndtri(tail) if df is None else special.stdtrit(df, tail))
            if np.allclose(half, t, rtol=1e-5):
                return df
    raise SynthesisError(
        f"a drapery plot needs a normal or t interval; this answer's is {synthesis.interval_text}"
    )


def tau2_profile(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """How well each between-study variance agrees with the data: its profile log-likelihood.

    The line at the drop of half a chi-square quantile cuts the curve where the profile-likelihood
    interval of Hardy and Thompson (1996) ends.

    Args:
        synthesis: an answer pooled by inverse variance.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: another method, or fewer than two studies.
    """
    table = tau2_profile_rows(synthesis)
    level = synthesis.model.level
    drop = -float(special.chdtri(1, 1 - level)) / 2
    spread = synthesis.heterogeneity
    kind = "ML" if synthesis.model.tau2 == "ML" else "REML"
    lowest = max(float(table["difference"].min()), 3 * drop)
    y = linear_axis([lowest, 0.0], bounds=(-np.inf, 0.0), most=6)
    chart = Chart(
        title or "",
        lambda most: linear_axis(table["tau2"], bounds=(0.0, np.inf), most=most),
        f"Between-study variance τ², {synthesis.measure.scale.label} scale", y,
        f"Log-likelihood ({kind}), difference from its highest",
        (f"Dashed: {fixed(2)(drop)}, where the {level * 100:g}% profile interval ends.",),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    shown = table[table["difference"] >= y.low]
    _line(ax, (shown["tau2"], shown["difference"]), style.ink, "_profile", wide=1.4)
    end = float(table["tau2"].max())
    _line(ax, ((0.0, end), (drop, drop)), style.rule, "_drop", dashes=(4, 2))
    inside = table.loc[table["difference"] >= drop, "tau2"]
    best = float(table["tau2"].to_numpy()[int(table["difference"].to_numpy().argmax())])
    _dots(ax, ([best], [0.0]), style, "_best")
    alt = (
        f"{_opening('Profile likelihood of τ²', title)} {plural(synthesis.k, 'study')}, {kind}. "
        f"Highest at τ² {significant(best)}; within the drop of {fixed(2)(-drop)} from "
        f"{significant(float(inside.min()))} to {significant(float(inside.max()))}."
    )
    if spread:
        alt += f" The answer used τ² {significant(spread.tau2)}."
    return leave(ax, alt=alt, table=table)


def tau2_profile_rows(synthesis: Synthesis) -> pd.DataFrame:
    """The curve: `tau2` and the `difference` of its log-likelihood from the highest."""
    if synthesis.model.method != "inverse_variance" or synthesis.k < 2:
        raise SynthesisError(
            "a profile of tau2 needs two studies or more pooled by inverse variance; this answer: "
            f"{synthesis.method_text}, k = {synthesis.k}"
        )
    y = synthesis.studies["effect"].to_numpy(float)
    v = synthesis.studies["variance"].to_numpy(float)
    x, restricted = intercept(len(y)), synthesis.model.tau2 != "ML"

    def height(tau2: Array) -> Array:
        return log_likelihood(y[None, :], v[None, :], x, tau2, restricted)

    drop = float(special.chdtri(1, 1 - synthesis.model.level)) / 2
    top = float(v.min() + (y.max() - y.min()) ** 2)
    wide = np.append(0.0, np.geomspace(1e-4 * top, 1e3 * top, 2001))
    heights = height(wide)
    best = float(heights.max())
    end = float(wide[heights >= best - 1.4 * drop].max())
    fine = np.linspace(0.0, end, 2 * STEPS)
    values = height(fine)
    return pd.DataFrame({"tau2": fine, "difference": values - values.max()})


def caterpillar(
    synthesis: Synthesis,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    style: ForestStyle = DEFAULT,
) -> Axes:
    """Very many studies as one picture: every interval, ordered by estimate, without names.

    Args:
        synthesis: the answer whose studies are drawn.
        ax: as in `forest`.
        title: as in `forest`.
        style: as in `forest`.

    Raises:
        SynthesisError: no study.
    """
    if synthesis.k == 0:
        raise SynthesisError("no study to draw in a caterpillar plot")
    scale, studies = synthesis.measure.scale, synthesis.studies
    table = studies.assign(label=study_names(studies)).sort_values("estimate", kind="stable")
    table = table.reset_index(drop=True).assign(rank=range(1, len(table) + 1))
    table = table[["rank", "label", "estimate", "low", "high", "weight"]]
    seen = [*table["low"], *table["high"]]
    ends = axis_of(scale, seen, ends=style.xlim)
    y = linear_axis([0.0, len(table) + 1.0], bounds=(0.0, np.inf), most=6,
                    ends=(0.0, len(table) + 1.0))  # fmt: skip
    whole = [tick for tick in y.ticks if tick == round(tick)]
    y = replace(y, ticks=tuple(whole), texts=tuple(f"{tick:.0f}" for tick in whole))
    notes = ["Studies ordered by estimate."]
    if synthesis.estimate is not None and synthesis.k > 1:
        notes.append("Upright line: pooled estimate.")
    if synthesis.prediction:
        notes.append("Shaded: prediction interval.")
    chart = Chart(
        title or "", lambda most: axis_of(scale, seen, most=most, ends=(ends.low, ends.high)),
        measured(synthesis), y, "Studies", (" ".join(notes),),
    )  # fmt: skip
    ax = draw_chart(ax, chart, style)
    if synthesis.prediction:
        low = max(synthesis.prediction.low, ends.low)
        high = min(synthesis.prediction.high, ends.high)
        ax.add_patch(
            Rectangle((low, y.low), high - low, y.high - y.low, facecolor=style.band,
                      edgecolor="none", zorder=0.5, label="_prediction")
        )  # fmt: skip
    wide = float(np.clip(90.0 / len(table), 0.35, 1.0))
    ax.hlines(table["rank"], table["low"].clip(lower=ends.low), table["high"].clip(upper=ends.high),
              colors=style.square, linewidth=wide, zorder=2, label="_intervals")  # fmt: skip
    side = np.full(len(table), float(np.clip(160.0 / len(table), 1.2, 4.0)))
    seen_rows = table[table["estimate"].between(ends.low, ends.high)]
    _dots(ax, (seen_rows["estimate"], seen_rows["rank"]), style, "_estimates",
          side[: len(seen_rows)], style.ink)  # fmt: skip
    if synthesis.estimate is not None and synthesis.k > 1:
        _line(ax, ((synthesis.estimate,) * 2, (y.low, y.high)), style.ink, "_centre")
    number = synthesis.measure.scale.text
    alt = f"{_opening('Caterpillar plot', title)} {plural(len(table), 'study')} from "
    alt += f"{number(table['estimate'].min())}{scale.unit} to "
    alt += f"{number(table['estimate'].max())}{scale.unit}."
    if synthesis.estimate is not None and synthesis.k > 1:
        alt += f" Pooled estimate {answer_text(synthesis)}."
    beyond = int(((table["low"] < ends.low) | (table["high"] > ends.high)).sum())
    if beyond:
        alt += f" {plural(beyond, 'interval')} cut off at the end of the axis."
    return leave(ax, alt=alt, table=table)


def _estimate(synthesis: Synthesis, what: str) -> float:
    if synthesis.estimate is None or synthesis.effect is None:
        raise SynthesisError(
            f"a {what} needs a pooled answer of two studies or more; this one: "
            f"{synthesis.method_text}, k = {synthesis.k}"
        )
    return synthesis.estimate


def _line(
    ax: Axes,
    places: tuple[object, object],
    colour: str,
    label: str,
    *,
    wide: float = 0.9,
    dashes: tuple[float, float] | None = None,
) -> None:
    """A line through places (x, y), behind the dots."""
    x, y = (np.asarray(part, float) for part in places)
    line = Line2D(x, y, color=colour, linewidth=wide, zorder=2.5, label=label)
    if dashes:
        line.set_dashes(dashes)
    ax.add_line(line)


def _dots(
    ax: Axes,
    places: tuple[object, object],
    style: ForestStyle,
    label: str,
    side: Array | float = DOT,
    colour: str = "",
) -> None:
    """Studies as discs with a thin edge, so that those which overlap are told apart."""
    x, y = (np.asarray(part, float) for part in places)
    ax.scatter(
        x, y, s=np.asarray(side) ** 2, zorder=4, marker="o", facecolor=colour or style.square,
        edgecolor=style.paper, linewidths=0.5, clip_on=False, label=label,
    )  # fmt: skip


def _named(outside: pd.DataFrame) -> str:
    """The names of the studies outside, if they are few."""
    few = list(outside["label"])
    return f"; outside: {', '.join(map(str, few))}" if 0 < len(few) <= 3 else ""


def _opening(kind: str, title: str | None) -> str:
    return f"{kind}: {sentence(title)}" if title else f"{kind}."
