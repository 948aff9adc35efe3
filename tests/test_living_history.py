"""The history of the answers, and notebooks that run again only when they must."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evidence import SynthesisError, load, save_figure
from evidence.living.history import over_records, over_years, versions
from evidence.living.states import results_of
from evidence.measures.scale import LOGIT
from evidence.plots.picture import new_axes
from evidence.plots.trajectory import trajectory
from evidence.report.build import build
from tests.editing import cell, edit
from tests.test_living_diff import OLD, accepted, add, committed, estimate, git
from tests.test_report import notebook


def test_versions_are_the_accepted_analyses_in_order(topic: Path) -> None:
    assert versions(load(topic)) == ()
    git(topic.parent, "init", "-q", "-b", "main")
    assert versions(load(topic)) == ()
    committed(topic.parent, "begin")
    accepted(topic)
    committed(topic.parent, "accept the first")
    add(topic, "elm-2015", 9, 60)
    committed(topic.parent, "add elm")
    accepted(topic)
    committed(topic.parent, "accept elm")
    found = versions(load(topic))
    assert [one.subject for one in found] == ["accept the first", "accept elm"]
    points = over_records(found, "leaks")
    assert points["k"].tolist() == [3, 4]
    assert points["estimate"].tolist() == pytest.approx([estimate(*OLD), estimate(*OLD, (9, 60))])
    assert points["label"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert over_records(found, "pleased-reed").empty and over_records(found, "no").empty
    path = results_of(topic) / "results.json"
    path.write_text(json.dumps({"schema": 99}))
    committed(topic.parent, "another layout")
    assert versions(load(topic))[-1].record is None
    assert len(over_records(versions(load(topic)), "leaks")) == 2


def test_cumulative_answers_follow_the_questions_own_rules(topic: Path) -> None:
    add(topic, "elm-2015", 9, 60)
    add(topic, "fir-2015", 3, 50)
    add(topic, "oak-2016", 3, 50, outcome="owner-pleased")
    points = over_years("leaks", load(topic))
    assert points["label"].tolist() == ["2010", "2015"] and points["k"].tolist() == [3, 5]
    assert points["estimate"].tolist() == pytest.approx(
        [estimate(*OLD), estimate(*OLD, (9, 60), (3, 50))]
    )
    assert over_years("pleased-reed", load(topic)).empty
    with pytest.raises(SynthesisError, match="question 'no' is unknown"):
        over_years("no", load(topic))


def test_works_without_a_year_enter_at_the_end(topic: Path) -> None:
    edit(topic, lambda text: text.replace("  year = {2004},\n", ""), "references.bib")
    points = over_years("leaks", load(topic))
    assert points["label"].tolist() == ["all"]
    assert points["estimate"].tolist() == pytest.approx([estimate(*OLD)])


def points(number: int) -> pd.DataFrame:
    middle = np.linspace(0.1, 0.2, number)
    return pd.DataFrame({
        "label": [str(2000 + place) for place in range(number)], "estimate": middle,
        "low": middle - 0.05, "high": middle + 0.05, "k": range(3, 3 + number),
    })  # fmt: skip


def test_a_trajectory_shows_every_point_with_its_interval(tmp_path: Path) -> None:
    ax = trajectory(points(4), LOGIT, title="Leaks")
    (bars,) = ax.collections
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]
    assert np.allclose(ends, points(4)[["low", "high"]])
    assert np.allclose(ax.lines[-1].get_ydata(), points(4)["estimate"])
    assert ax.get_xticklabels()[0].get_text() == "2000\nk 3"
    low, high = ax.get_ylim()
    assert low <= 0.05 and high >= 0.25
    assert ax.get_label().startswith("Leaks. 2000: 10.0% (5.0 to 15.0), 3 studies. 2001:")
    first, second = (save_figure(ax, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert first == second and b"svg" in first


@pytest.mark.parametrize("number", [1, 12, 200])
def test_labels_of_a_trajectory_never_overlap(number: int) -> None:
    ax = trajectory(points(number), LOGIT)
    ax.figure.draw_without_rendering()
    boxes = [tick.get_window_extent() for tick in ax.get_xticklabels()]
    assert boxes and all(one.x1 < two.x0 for one, two in pairwise(boxes))
    assert ax.get_xticks()[-1] == number - 1
    inside = ax.figure.bbox
    for text in (*ax.get_xticklabels(), *ax.get_yticklabels(), ax.yaxis.label, ax.title):
        box = text.get_window_extent()
        if text.get_text():
            assert inside.x0 <= box.x0 and box.x1 <= inside.x1
            assert inside.y0 <= box.y0 and box.y1 <= inside.y1


def test_a_trajectory_draws_in_given_axes_and_refuses_what_it_cannot_draw() -> None:
    own = new_axes(400, 200, "#ffffff")
    assert trajectory(points(3), LOGIT, ax=own) is own
    with pytest.raises(SynthesisError, match="the points need the column k"):
        trajectory(points(3).drop(columns="k"), LOGIT)
    with pytest.raises(SynthesisError, match="there is no point to draw"):
        trajectory(points(0), LOGIT)


def test_the_report_tells_what_changed_and_runs_only_what_must_run(topic: Path) -> None:
    books, out, told = topic.parent / "notebooks", topic.parent / "report", list[str]()
    notebook(books, "01_one.ipynb", "1 + 1")
    notebook(books, "02_two.ipynb", "2 + 2")
    git(topic.parent, "init", "-q", "-b", "main")
    accepted(topic)
    committed(topic.parent, "accept the first")
    build(topic, out, say=told.append)
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Nothing material changed." in page and "accept the first" in page
    first = (out / "notebooks/01_one.html").read_text(encoding="utf-8")

    notebook(books, "02_two.ipynb", "3 + 4")
    told.clear()
    build(topic, out, say=told.append)
    assert "  kept 01_one.ipynb: none of its inputs changed" in told
    assert "  executing 02_two.ipynb: the notebook changed" in told
    assert (out / "notebooks/01_one.html").read_text(encoding="utf-8") == first
    assert "7" in (out / "notebooks/02_two.html").read_text(encoding="utf-8")

    (out / "notebooks/01_one.ipynb").write_text("{}")
    edit(topic, cell("alder-2001.2", "events", "30"))
    told.clear()
    build(topic, out, say=told.append)
    assert "  executing 01_one.ipynb: its result was changed by hand" in told
    assert "  executing 02_two.ipynb: data/studies.csv changed" in told
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "alder-2001.2 was edited: events 5 → 30" in page
    assert "because alder-2001.2 (edited): share +" in page

    told.clear()
    build(topic, out, force=True, say=told.append)
    assert sum("asked for" in line for line in told) == 2
    accepted(topic)
    committed(topic.parent, "accept the second")
    told.clear()
    build(topic, out, say=told.append)
    assert sum("none of its inputs changed" in line for line in told) == 2
    page = (out / "index.html").read_text(encoding="utf-8")
    assert "Leaking roofs, by accepted analysis" in page and "accept the second" in page
    assert "Nothing material changed." in page
    assert not build(topic, out, say=told.append)
    git(topic.parent, "commit", "-q", "--amend", "-m", "accept it in other words")
    assert build(topic, out, say=told.append)
    assert "in other words" in (out / "index.html").read_text(encoding="utf-8")
