"""Every figure and every style, as pictures and a page of the documentation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ..coverage import published
from ..errors import EvidenceError
from ..files import write
from ..pooling.model import Model, Synthesis, pool
from ..questions import Answer, answers, evidence_table
from ..sensitivity.check import Stated
from ..sensitivity.register import stated_of
from ..tables.checklists import CHECKLISTS
from ..tables.load import Tables, load
from .export import describe, save_figure
from .more_rows import add_answer, add_claim, add_excluded, group_rows
from .picture import figure_of
from .register import PLOTS
from .rows import forest_rows, sort_rows
from .style import STYLES

Draw = Callable[[], Axes]


def pictures(tables: Tables) -> dict[str, Draw]:
    """Every plot of `PLOTS` and the forest plot in every style, by the name of its file."""
    found = answers(tables)
    main = _first_pooled(found)
    studies = main.synthesis.studies
    double = STYLES["double"]
    glmm = pool(studies, main.synthesis.measure.key, Model(method="glmm"))
    title = main.question.title
    ordered = studies.sort_values(["follow_up_months", "study_id"], kind="stable")
    steps = [pool(ordered.iloc[:n]) for n in range(1, len(ordered) + 1)]
    plain = pool(studies)
    draw = {
        "forest": lambda: PLOTS["forest"](main.synthesis, title=title, style=double),
        "forest-groups": lambda: _groups(main, studies),
        "forest-more-rows": lambda: _more(main, glmm),
        "forests": lambda: PLOTS["forests"](_outcomes(found), title="Two questions", style=double),
        "atlas": lambda: PLOTS["atlas"](found, title="All questions", style=double),
        "cumulative": lambda: PLOTS["cumulative"](steps, title=title, style=double),
        "shrinkage": lambda: PLOTS["shrinkage"](glmm, title=title, style=double),
        "caterpillar": lambda: PLOTS["caterpillar"](_largest(found), title="Very many studies"),
        "funnel": lambda: PLOTS["funnel"](plain, title=title),
        "funnel-se": lambda: PLOTS["funnel"](plain, by="se", title=title),
        "bubble": lambda: _bubble(plain),
        "drapery": lambda: PLOTS["drapery"](plain, title=title),
        "tau2-profile": lambda: PLOTS["tau2_profile"](plain, title=title),
        "evidence-map": lambda: PLOTS["evidence_map"](
            evidence_table(found.values()), title="A map of the evidence"
        ),
        "flow": lambda: PLOTS["flow"](main.flow(), title=title),
        "coverage": lambda: PLOTS["coverage"](
            published(), title="Does the interval hold the rate?"
        ),
        **_comparisons(),
        **_checks(main),
    }

    def styled(name: str) -> Draw:
        return lambda: PLOTS["forest"](main.synthesis, title=title, style=STYLES[name])

    return draw | {f"style-{name}": styled(name) for name in STYLES if name != "double"}


def _checks(main: Answer) -> dict[str, Draw]:
    """The figures of the checks; a title says where a threshold or judgements are made up."""
    answer, title, stated = main.synthesis, main.question.title, stated_of(main)
    plain = ("leave_one_out", "influence", "baujat", "gosh", "outlier_sweep", "cumulative_orders")
    line = replace(stated, threshold=(answer.interval.low if answer.interval else 0.0) / 2)
    made_up = f"{title}, threshold made up"

    def drawn(name: str, *stated: Stated, title: str = title) -> Draw:
        return lambda: PLOTS[name](answer, *stated, title=title)

    found = {name: drawn(name) for name in plain}
    found["adjusted"] = drawn("adjusted", replace(stated, few_anyway=True))
    found["multiverse"] = drawn("multiverse", stated)
    found["imprecision"] = drawn("imprecision", stated)
    found["fragility"] = drawn("fragility", line, title=made_up)
    for name in ("traffic_light", "bias_summary"):
        found[name] = partial(PLOTS[name], _judged(), title="Made-up judgements")
    return {name.replace("_", "-"): draw for name, draw in found.items()}


def _comparisons() -> dict[str, Draw]:
    """Figures of two arms and of scores, from trials that do not exist."""
    answer, scores = _compared()
    title, style = (
        "Made-up trials",
        replace(STYLES["double"], favours=("Favours new", "Favours old")),
    )
    return {
        "forest-two-arms": lambda: PLOTS["forest"](answer, title=title, style=style),
        "forest-scores": lambda: PLOTS["forest"](scores, title=title, style=style),
        "labbe": lambda: PLOTS["labbe"](answer, title=title),
        "funnel-contours": lambda: PLOTS["funnel"](answer, contours=True, title=title),
    }


def _compared() -> tuple[Synthesis, Synthesis]:
    """A risk ratio and a mean difference of made-up trials."""
    names = {"study_id": [f"Trial {letter}" for letter in "ABCDEFGH"]}
    people = [420, 260, 150, 90, 64, 48, 36, 30]
    counts = {"events_t": [52, 30, 15, 8, 5, 3, 2, 1], "total_t": people,
              "events_c": [70, 44, 22, 17, 13, 10, 8, 7], "total_c": people}  # fmt: skip
    means = {"n_t": people, "mean_t": [4.1, 3.9, 4.4, 3.5, 3.6, 3.0, 2.9, 2.6],
             "n_c": people, "mean_c": [4.6, 4.7, 4.5, 4.9, 4.4, 5.0, 4.8, 5.1],
             "sd_t": 2.1, "sd_c": 2.2}  # fmt: skip
    frames = (pd.DataFrame({**names, **columns}) for columns in (counts, means))
    measures = ("risk_ratio", "mean_difference")
    first, second = (pool(*one) for one in zip(frames, measures, strict=True))
    return first, second


def _judged() -> Synthesis:
    """Studies that do not exist, judged in every way that there is."""
    names = [f"Study {letter}" for letter in "ABCDEF"]
    frame = pd.DataFrame({"study_id": names, "events": 5, "total": 50})
    answers = (*CHECKLISTS["jbi"].answers, None)
    for place, column in enumerate(CHECKLISTS["jbi"].columns()):
        frame[column] = [answers[(place * row) % len(answers)] for row in range(len(frame))]
    return pool(frame)


def _first_pooled(found: Mapping[str, Answer]) -> Answer:
    """The question that most pictures show: the first with a pooled answer of five studies."""
    for one in found.values():
        if one.synthesis.k >= 5 and one.synthesis.estimate is not None:
            return one
    raise EvidenceError("no question has a pooled answer of five studies for the gallery to show")


def _groups(main: Answer, studies: pd.DataFrame) -> Axes:
    """Subgroup blocks by how the counts were obtained."""
    groups = {f"Count {name}": pool(own) for name, own in studies.groupby("count_from")}
    answer = pool(studies)
    rows = sort_rows(group_rows(groups, answer), "estimate")
    return PLOTS["forest"](answer, rows=rows, title=main.question.title, style=STYLES["double"])


def _more(main: Answer, glmm: Synthesis) -> Axes:
    """A second model, a claimed value, and the rows that were left out."""
    left = main.rows[(main.rows["stage"] == "excluded")].head(4)
    left = left.assign(exclude_because=left["short_reason"])
    answer = pool(main.synthesis.studies)
    rows = add_answer(forest_rows(answer), glmm, "Mixed model (GLMM)")
    rows = add_claim(add_excluded(rows, left, answer), "A value to hold against it", 0.1, answer)
    return PLOTS["forest"](answer, rows=rows, title=main.question.title, style=STYLES["double"])


def _outcomes(found: Mapping[str, Answer]) -> dict[str, Synthesis]:
    """The pooled question and the one that shares most of its studies."""
    main = _first_pooled(found)
    own = set(main.synthesis.studies["study_id"])

    def shared(other: Answer) -> int:
        ids = other.synthesis.studies["study_id"]
        return len(own & set(ids)) if ids.is_unique else -1

    others = [one for one in found.values() if one is not main and one.synthesis.k]
    return {one.question.title: one.synthesis for one in (main, max(others, key=shared))}


def _largest(found: Mapping[str, Answer]) -> Synthesis:
    return max((one.synthesis for one in found.values()), key=lambda one: one.k)


def _bubble(answer: Synthesis) -> Axes:
    """Follow-up as moderator, with a weighted straight line on the analysis scale."""
    by, scale = "follow_up_months", answer.measure.scale
    used = answer.studies[answer.studies[by].notna()]
    x, y = used[by].to_numpy(float), used["effect"].to_numpy(float)
    slope, start = np.polyfit(x, y, 1, w=np.sqrt(used["weight"].to_numpy(float)))
    at = np.linspace(x.min(), x.max(), 60)
    line = pd.DataFrame({by: at, "estimate": scale.inverse(start + slope * at)})
    return PLOTS["bubble"](answer, by, line=line, title="Follow-up and rate")


def page(drawn: Mapping[str, str]) -> str:
    """The page of the gallery: every picture with its alt text."""
    lines = ["# Gallery", "", "Every figure and style of the library, made by `make gallery`.", ""]
    for name, alt in drawn.items():
        safe = alt.replace("[", "(").replace("]", ")").replace("\n", " ")
        lines += [f"## {name.replace('-', ' ').capitalize()}", "", f"![{safe}](gallery/{name}.svg)"]
        lines += [""]
    return "\n".join(lines)


def write_gallery(docs: Path, tables: Tables | None = None) -> Path:
    """Draw everything into `docs/gallery/` and write `docs/gallery.md`.

    Raises:
        EvidenceError: the folder does not exist.
    """
    if not docs.is_dir():
        raise EvidenceError(f"there is no folder {docs}; name the one that holds the documents")
    (docs / "gallery").mkdir(exist_ok=True)
    drawn = {}
    for name, draw in pictures(tables or load()).items():
        axes = draw()
        drawn[name] = describe(figure_of(axes))
        save_figure(axes, docs / "gallery" / f"{name}.svg")
    return write(docs / "gallery.md", page(drawn).encode())


if __name__ == "__main__":
    write_gallery(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
