"""The pages: what they say comes from the answers, how they look from the templates."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.axes import Axes

from .. import __version__
from ..formatting import count, fixed, percent
from ..measures.kinds import Measure
from ..measures.scale import Scale
from ..plots.checks import CHECK_PLOTS
from ..plots.evidence_map import evidence_map
from ..plots.export import svg_text
from ..plots.flow import flow
from ..plots.forest import forest
from ..plots.marks import Band
from ..plots.row_family import atlas
from ..plots.style import DEFAULT
from ..plots.words import measured
from ..pooling.synthesis import Synthesis
from ..pooling.wording import interval_text, lines
from ..questions import Answer, evidence_table, favours, sentence, table_flow
from ..sensitivity.register import stated_of, sturdiness, subject
from ..tables.load import Tables
from .audit_section import audit_section, claimed_rows
from .life import Life
from .notebooks import Executed

DRAWN = ("leave_one_out", "multiverse")
"""Checks whose figures the page shows; the notebook on sensitivity shows the others."""

_FOLDER = Path(__file__).parent / "templates"


def report_page(
    tables: Tables, answers: list[Answer], notebooks: list[Executed], life: Life
) -> str:
    """The report as one HTML text that needs nothing beside it but its downloads."""
    page = _templates().get_template("report.html.jinja")
    return page.render(
        tables=tables,
        flow=_picture(flow(table_flow(answers, tables)), "flow"),
        atlas=_picture(atlas({one.question.key: one for one in answers}), "atlas"),
        map=_picture(evidence_map(evidence_table(answers)), "map"),
        read_in=tables.studies["source_type"].value_counts().to_dict(),
        questions=[_question(found, tables) for found in answers],
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


def _question(found: Answer, tables: Tables) -> dict[str, object]:
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
        "checks": _checks(found, tables),
        "references": references.to_dict("records"),
    }


def _checks(found: Answer, tables: Tables) -> list[dict[str, object]]:
    """What every check says of an answer, with its figure where it has one."""
    pooled = found.synthesis
    if pooled.k < 3 or pooled.estimate is None or pooled.measure.kind != "rate":
        return []  # the checks are about rates
    checked, stated = subject(found, tables), stated_of(found)
    key, title = found.question.key, found.question.title
    return [
        {
            "name": name.replace("_", " ").capitalize(),
            "verdict": one.verdict,
            "text": one.text,
            "figure": _picture(CHECK_PLOTS[name](checked, stated, title), f"{name}-{key}")
            if name in DRAWN
            else "",
        }
        for name, one in sturdiness(found, tables).items()
    ]


def question_forest(found: Answer, tables: Tables, rows: pd.DataFrame | None = None) -> Axes:
    """The forest plot of a question: what each side favours, and what is too small to matter."""
    style = replace(DEFAULT, favours=favours(found, tables))
    return forest(
        found.synthesis, title=found.question.title, bands=important(found), style=style, rows=rows
    )


def important(found: Answer) -> tuple[Band, ...]:
    """The range of changes too small to matter to a patient, where the question states one."""
    least = found.question.important
    if least is None:
        return ()
    why = found.question.important_because.rstrip(".")
    return (Band(-least, least, f"changes too small to matter ({why})"),)


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
    return f"{row['mean_before']:g} to {row['mean_after']:g}, n {count(row['n'])}"


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
    if row["citation_verified"] == "no":
        parts.append("citation not fully verified")
    return ", ".join(parts)


def _blank(value: object) -> str:
    return value if isinstance(value, str) else ""
