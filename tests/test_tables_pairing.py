"""Arms without partners, exchanged arms, and scores that their scale does not allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence import DataError, load, load_scores
from evidence.tables.load import check
from tests.editing import cell, edit
from tests.test_tables_broken import said

SCALE = (
    '[scales]\ncalm = { label = "Calm, 0 to 10", definition = "How calm.", low = 0, high = 10 }\n'
    'free = { label = "Free", definition = "No ends." }\n'
)
HEADER = (
    "row_id,study_id,cohort,arm,role,comparison,design,population,population_as_reported,"
    "intervention,intervention_as_reported,outcome,outcome_as_reported,scale,time_basis,"
    "follow_up_months,n,mean_before,sd_before,mean_after,sd_after,p_value,exclude_because,"
    "exclude_detail,source_type,source_locator,source_url,citation_verified,notes\n"
)
SCORE = (
    "alder-2001.s{i},alder-2001,alder-2001,{arm},{role},{comparison},survey,new-houses,new houses,"
    "slate,slate roof,owner-pleased,calm owner,{scale},fixed,{months},{n},{before},{sd_before},"
    "{after},{sd_after},,,,abstract,Results,,yes,\n"
)
PLAIN = {
    "arm": "all", "role": "single", "comparison": "", "scale": "calm", "months": "12", "n": "20",
    "before": "7.1", "sd_before": "1.4", "after": "3.2", "sd_after": "2",
}  # fmt: skip


def scores(folder: Path, *rows: dict[str, str]) -> Path:
    edit(folder, lambda text: text.replace("[scales]\n", SCALE), "vocabulary.toml")
    lines = [SCORE.format(i=i, **{**PLAIN, **row}) for i, row in enumerate(rows, 1)]
    (folder / "scores.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    return folder


def again(row: str, new: str, **cells: str) -> Callable[[str], str]:
    """The table's text with a row once more under another name and with other cells."""

    def change(text: str) -> str:
        header, *lines = text.splitlines()
        names = header.split(",")
        found = next(line for line in lines if line.startswith(f"{row},")).split(",")
        found[0] = new
        for name, value in cells.items():
            found[names.index(name)] = value
        return f"{text}{','.join(found)}\n"

    return change


def test_an_arm_without_its_partner(topic: Path) -> None:
    edit(topic, cell("cedar-2010.2", "follow_up_months", "24"))
    text = said(topic)
    assert "line 5, cedar-2010: comparison cedar-2010 has no control arm at this outcome" in text
    assert "line 6, cedar-2010: comparison cedar-2010 has no intervention arm" in text
    assert "make the role `single` and leave comparison blank" in text


def test_a_second_control(topic: Path) -> None:
    edit(topic, again("cedar-2010.2", "cedar-2010.3", arm="straw", total="50"))
    assert (
        "line 9, cedar-2010: comparison cedar-2010 has a control at this outcome and time on "
        "line 6 already; name another comparison" in said(topic)
    )


def test_a_second_control_that_is_not_pooled_is_allowed(topic: Path) -> None:
    edit(
        topic,
        again(
            "cedar-2010.2", "cedar-2010.3", arm="straw", exclude_because="no-count",
            exclude_detail="Not known.",
        ),
    )  # fmt: skip
    assert check(topic)["studies.csv"] == 8


def test_exchanged_arms_are_seen_by_their_totals(topic: Path) -> None:
    for row, people in (("cedar-2010.1", "85"), ("cedar-2010.2", "90")):
        cells = {"outcome": "owner-pleased", "total": people}
        edit(topic, again(row, row.replace("2010.", "2010.1"), **cells))
    assert (
        "line 9, cedar-2010: the arms of comparison cedar-2010 have each other's number of "
        "people: slate 85 and reed 90 here, the other way round on line 5" in said(topic)
    )


def test_other_totals_at_another_outcome_are_no_exchange(topic: Path) -> None:
    for row, people in (("cedar-2010.1", "84"), ("cedar-2010.2", "85")):
        cells = {"outcome": "owner-pleased", "total": people}
        edit(topic, again(row, row.replace("2010.", "2010.1"), **cells))
    assert len(load(topic).studies) == 9


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sd_before": "0"}, "sd_before is 0; a standard deviation is above 0"),
        ({"after": "32"}, "mean_after is 32, outside the scale calm (0 to 10); check the scale"),
        ({"before": "-1"}, "mean_before is -1, outside the scale calm"),
        ({"sd_after": "0.25"}, "sd_after is 0.25, too small for the scale calm (0 to 10): prob"),
        ({"sd_before": "6"}, "sd_before is 6 and can be at most 4.66 at a mean of 7.1 on the"),
        ({"n": "1", "sd_before": "4.9"}, "sd_before is 4.9 and can be at most 4.54"),
    ],
)
def test_scores_that_their_scale_does_not_allow(
    topic: Path, row: dict[str, str], message: str
) -> None:
    text = said(scores(topic, row))
    assert f"line 2, alder-2001: {message}" in text


def test_scores_that_are_possible(topic: Path) -> None:
    rows = (
        {}, {"scale": "free", "sd_after": "0.01"}, {"sd_before": "", "before": ""},
        {"before": "0", "sd_before": "", "after": "10", "sd_after": "0.004"},
    )  # fmt: skip
    with pytest.raises(DataError, match=r"sd_after is 0\.004, too small"):
        load(scores(topic, *rows))
    folder = topic.parent / "more"
    topic.rename(folder)
    (folder / "scores.csv").write_text(
        HEADER + "".join(SCORE.format(i=i, **{**PLAIN, **row}) for i, row in enumerate(rows[:3])),
        encoding="utf-8",
    )
    assert len(load_scores(folder)) == 3


def test_arms_of_scores_are_paired_too(topic: Path) -> None:
    one = {"arm": "slate", "role": "intervention", "comparison": "alder-2001"}
    assert "no control arm" in said(scores(topic, one))
