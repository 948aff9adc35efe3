"""The pages: what they say comes from the answers, how they look from the templates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes

from .. import __version__
from ..formatting import count, fixed, percent, significant
from ..measures.kinds import Measure
from ..measures.scale import Scale
from ..plots.evidence_map import evidence_map
from ..plots.export import svg_text
from ..plots.flow import flow
from ..plots.question import question_forest
from ..plots.row_family import atlas
from ..plots.words import measured
from ..pooling.synthesis import Synthesis
from ..pooling.wording import interval_text, lines
from ..questions import Answer, evidence_table, over_correlation, sentence, table_flow
from ..tables.load import Tables
from .audit_section import audit_section, claimed_rows
from .life import Life
from .notebooks import Executed
from .sturdy import Sturdy

_FOLDER = Path(__file__).parent / "templates"


def report_page(
    tables: Tables,
    answers: list[Answer],
    notebooks: list[Executed],
    life: Life,
    checked: Mapping[str, Sturdy],
) -> str:
    """The report as one HTML text that needs nothing beside it but its downloads.

    Args:
        tables: the topic.
        answers: of its questions, in their order.
        notebooks: executed.
        life: what changed, and how the answers came about.
        checked: question -> how sturdy its answer is.
    """
    page = _templates().get_template("report.html.jinja")
    return page.render(
        tables=tables,
        flow=_picture(flow(table_flow(answers, tables)), "flow"),
        atlas=_picture(atlas({one.question.key: one for one in answers}), "atlas"),
        map=_picture(evidence_map(evidence_table(answers)), "map"),
        read_in=tables.studies["source_type"].value_counts().to_dict(),
        questions=[_question(found, tables, checked[found.question.key]) for found in answers],
        notebooks=notebooks,
        audit=audit_section(tables, answers),
        life=life,
        trajectories=[(salt, text, _picture(ax, salt)) for salt, text, ax in life.trajectories],
    )


def notebook_page(notebook: Executed, tables: Tables) -> str:
    """An executed notebook as a page of the report."""
    page = _templates().get_template("notebook.html.jinja")
    return page.render(tables=tables, notebook=notebook, body=Markup(notebook.body))


@cache
def _templates() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["css"] = Markup((_FOLDER / "style.css").read_text(encoding="utf-8"))
    found.globals["version"] = __version__
    found.filters["count"] = count
    found.filters["percent"] = percent
    return found


def _question(found: Answer, tables: Tables, sturdy: Sturdy) -> dict[str, object]:
    """What the page says of one question."""
    key = found.question.key
    rates = found.synthesis.measure.kind == "rate"
    drawn = question_forest(found, tables, claimed_rows(found, tables) if rates else None)
    cited = list(dict.fromkeys(found.rows["study_id"]))
    references = tables.references.set_index("study_id").loc[cited].reset_index()
    return {
        "question": found.question,
        "sentence": sentence(found),
        "k": found.synthesis.k,
        "figure": _picture(drawn, key),
        "measured": "Rate and interval, %"
        if rates
        else f"{measured(found.synthesis)} and interval",
        "counted": "Events" if found.synthesis.measure.kind != "score" else "Mean score",
        "unit": ", %" if rates else "",
        "flow": _picture(flow(found.flow()), f"flow-{key}"),
        "lines": lines(found.synthesis),
        "needed": found.needed().to_dict("records"),
        "entered": _entered(found),
        "left_out": _left_out(found),
        "sensitivity": [
            {
                "name": one.name,
                "because": one.because,
                "k": found.sensitivity[one.name].k,
                "estimate": _estimate(found.sensitivity[one.name]),
                "interval": interval_text(
                    found.sensitivity[one.name].interval,
                    found.sensitivity[one.name].measure.scale,
                ),
                "cautions": "; ".join(found.sensitivity[one.name].cautions),
            }
            for one in found.question.sensitivity
        ],
        "correlations": _correlations(found, tables),
        "sturdy": sturdy,
        "figures": sturdy.shown(key),
        "references": references.to_dict("records"),
    }


def _correlations(found: Answer, tables: Tables) -> list[dict[str, str]]:
    """The answer under every correlation of scores before and after; none where none is assumed."""
    scale = found.synthesis.measure.scale
    return [
        {
            "correlation": f"{row['correlation']:g}{' (assumed)' if row['assumed'] else ''}",
            "of": row["of"],
            "figures": _with_limits(row, scale),
        }
        for _, row in over_correlation(found, tables).iterrows()
    ]


def _picture(drawn: Axes, salt: str) -> Markup:
    """The figure as an element of the page."""
    return Markup(svg_text(drawn, salt=salt))  # made and escaped by us


def _entered(found: Answer) -> list[dict[str, object]]:
    return [
        {
            "study_id": row["study_id"],
            "label": row["label"],
            "arm": row["arm"],
            "population": row["population_as_reported"],
            "follow_up": _follow_up(row),
            "counts": _measured(row, found.synthesis.measure),
            "rate": _with_limits(row, found.synthesis.measure.scale),
            "weight": "" if pd.isna(row["weight"]) else percent(row["weight"]),
            "printed": _blank(row.get("printed_percent")),
            "standing": _standing(row),
        }
        for _, row in found.synthesis.studies.iterrows()
    ]


def _left_out(found: Answer) -> list[dict[str, object]]:
    return [
        {
            "study_id": row["study_id"],
            "label": row["label"],
            "arm": row["arm"],
            "outcome": row["outcome_as_reported"],
            "follow_up": _follow_up(row),
            "counts": _counts(row),
            "printed": _blank(row.get("printed_percent")),
            "reason": row["reason"],
            "notes": _blank(row["notes"]),
        }
        for _, row in found.rows[found.rows["stage"] != "enters"].iterrows()
    ]


def _estimate(answer: Synthesis) -> str:
    if answer.estimate is None:
        return "\N{EN DASH}"
    scale = answer.measure.scale
    unit = "" if answer.measure.kind == "rate" else scale.unit
    return f"{fixed(scale.decimals)(scale.factor * answer.estimate)}{unit}"


def _with_limits(row: pd.Series, scale: Scale) -> str:
    """Estimate and interval of one row as printed."""
    number = fixed(scale.decimals)
    estimate, low, high = (number(scale.factor * row[name]) for name in ("estimate", "low", "high"))
    return f"{estimate} ({low} to {high})"


def _measured(row: pd.Series, measure: Measure) -> str:
    """What was counted or measured in a row, arm by arm."""
    if measure.kind == "rate":
        return f"{count(row['events'])} of {count(row['total'])}"
    if measure.kind == "two_arm":
        arms = (f"{count(row[f'events_{a}'])} of {count(row[f'total_{a}'])}" for a in "tc")
        return " against ".join(arms)
    if measure.two_arms:
        arms = (_score(row[f"mean_{a}"], row[f"sd_{a}"], row[f"n_{a}"]) for a in "tc")
        return f"{' against '.join(arms)}; {row['compared_by']}"
    if "correlation" not in measure.needs:
        return _score(row["mean"], row["sd"], row["n"])
    if pd.isna(row["mean_before"]) or pd.isna(row["mean_after"]):
        return f"change {_score(row['mean_change'], row['sd_change'], row['n'])}"
    return f"{row['mean_before']:g} to {row['mean_after']:g}, n {count(row['n'])}"


def _score(mean: float, sd: float, n: float) -> str:
    """A mean with its standard deviation and the people it comes from."""
    return f"{significant(mean)} (SD {significant(sd)}), n {count(n)}"


def _follow_up(row: pd.Series) -> str:
    months = row["follow_up_months"]
    if pd.isna(months):
        return "not stated"
    basis = "" if row["time_basis"] in ("fixed", "not stated") else f", {row['time_basis']}"
    return f"{months:g} months{basis}"


def _counts(row: pd.Series) -> str:
    if pd.isna(row["total"]):
        return "none given"
    if "events" not in row.index:
        return f"n {count(row['total'])}"
    events = "?" if pd.isna(row["events"]) else count(row["events"])
    return f"{events} of {count(row['total'])}"


def _standing(row: pd.Series) -> str:
    """What a reader must know of where the figures come from."""
    parts = [str(row["source_type"])]
    if row.get("count_from") == "derived":
        parts.append("count derived from the percentage")
    if row.get("recovered"):
        parts.append(str(row["recovered"]))
    if row["citation_verified"] == "no":
        parts.append("citation not fully verified")
    return ", ".join(parts)


def _blank(value: object) -> str:
    return value if isinstance(value, str) else ""
