"""Arms without partners, exchanged arms, and scores that their scale does not allow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence import load, load_scores
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
    "{study}.s{i},{study},{study},{arm},{role},{comparison},survey,new-houses,new houses,"
    "{treated},{treated} roof,owner-pleased,calm owner,{scale},fixed,{months},{n},{before},"
    "{sd_before},{after},{sd_after},{p_value},{more},,abstract,Results,,yes,\n"
)
PLAIN = {
    "arm": "all", "role": "single", "comparison": "", "scale": "calm", "months": "12", "n": "20",
    "before": "7.1", "sd_before": "1.4", "after": "3.2", "sd_after": "2", "p_value": "",
    "study": "alder-2001", "treated": "slate",
}  # fmt: skip


def scores(folder: Path, *rows: dict[str, str]) -> Path:
    """The topic with a table of scores; a key that is no part of `SCORE` is a further column."""
    edit(folder, lambda text: text.replace("[scales]\n", SCALE), "vocabulary.toml")
    more = list(dict.fromkeys(name for row in rows for name in row if name not in PLAIN))
    header = HEADER.replace("p_value,", ",".join(["p_value", *more, ""]))
    lines = [
        SCORE.format(i=i, more="".join(f"{row.get(name, '')}," for name in more), **PLAIN | row)
        for i, row in enumerate(rows, 1)
    ]
    (folder / "scores.csv").write_text(header + "".join(lines), encoding="utf-8")
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


def test_an_arm_that_changes_its_role(topic: Path) -> None:
    for row, role in (("cedar-2010.1", "control"), ("cedar-2010.2", "intervention")):
        cells = {"outcome": "owner-pleased", "role": role}
        edit(topic, again(row, row.replace("2010.", "2010.1"), **cells))
    assert (
        "line 9, cedar-2010: arm slate of comparison cedar-2010 has the role control here and "
        "intervention on line 5; one of the two places has its arms exchanged" in said(topic)
    )


@pytest.mark.parametrize(("slate", "reed"), [("9,90", "11,85"), ("9,85", "11,90")])
def test_exchanged_arms_are_seen_by_their_percentages(topic: Path, slate: str, reed: str) -> None:
    edit(
        topic,
        lambda text: text.replace(",11,90,12.2", f",{slate},12.2").replace(
            ",9,85,10.6", f",{reed},10.6"
        ),
    )
    one, other = slate.replace(",", " of "), reed.replace(",", " of ")
    assert (
        f"line 5, cedar-2010: the arms of comparison cedar-2010 have each other's counts: slate "
        f"{one} beside 12.2%, reed {other} beside 10.6% on line 6; exchange them" in said(topic)
    )


def test_arms_with_the_same_counts_are_no_exchange(topic: Path) -> None:
    edit(topic, lambda text: text.replace(",11,90,12.2,", ",9,85,10.6,"))
    assert len(load(topic).studies) == 7


def test_a_percentage_that_one_arm_gives_is_no_exchange(topic: Path) -> None:
    edit(topic, cell("cedar-2010.1", "printed_percent", "10.6"))
    assert len(load(topic).studies) == 7


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"sd_before": "0"}, "sd_before is 0; a standard deviation is above 0"),
        ({"sd_change": "0"}, "sd_change is 0; a standard deviation is above 0"),
        ({"se_after": "0"}, "se_after is 0; a standard error is above 0"),
        ({"after": "32"}, "mean_after is 32, outside the scale calm (0 to 10); check the scale"),
        ({"before": "-1"}, "mean_before is -1, outside the scale calm"),
        ({"median_after": "11"}, "median_after is 11, outside the scale calm (0 to 10)"),
        (
            {"minimum_before": "-2", "maximum_before": "9"},
            "minimum_before is -2, outside the scale calm (0 to 10)",
        ),
        ({"mean_change": "-12"}, "mean_change is -12, beyond what can change on the scale calm"),
        ({"sd_after": "0.25"}, "sd_after is 0.25, too small for the scale calm (0 to 10): prob"),
        (
            {"sd_after": "0.4", "n": "30"},
            "sd_after is 0.4, too small for the scale calm (0 to 10): probably a standard error; "
            "give it in se_after",
        ),
        ({"sd_before": "6"}, "sd_before is 6 and can be at most 4.66 at a mean of 7.1 on the"),
        ({"n": "1", "sd_before": "4.9"}, "sd_before is 4.9 and can be at most 4.54"),
        ({"before": "", "sd_before": "5.3"}, "sd_before is 5.3 and can be at most 5.13 on the"),
        (
            {"se_before": "1.5"},
            "se_before (1.5) is larger than sd_before (1.4); a standard error is the standard "
            "deviation over the root of n: the two may be exchanged",
        ),
        (
            {"sd_before": "", "se_before": "1.4"},
            "se_before is 1.4, for 20 people a standard deviation of 6.26, which can be at most "
            "4.66 at a mean of 7.1 on the scale calm (0 to 10): probably the standard deviation "
            "itself; give it in sd_before",
        ),
        (
            {"minimum_after": "6", "maximum_after": "2", "after": ""},
            "minimum_after (6) must not exceed maximum_after (2)",
        ),
        (
            {"q1_before": "5", "median_before": "4", "q3_before": "6"},
            "q1_before (5) must not exceed median_before (4); check both numbers",
        ),
        ({"minimum_before": "8", "maximum_before": "9"}, "minimum_before (8) must not exceed mean"),
        (
            {"ci_low_after": "1", "ci_high_after": "3"},
            "mean_after (3.2) must not exceed ci_high_after (3)",
        ),
        (
            {"ci_low_change": "-3"},
            "ci_low_change is given and ci_high_change is blank; give both ends or neither",
        ),
        (
            {"mean_change": "3.9"},
            "mean_change is 3.9 and the mean goes from 7.1 to 3.2; it is after less before, so "
            "change its sign",
        ),
        (
            {"sd_change": "3.6"},
            "sd_change is 3.6 and must lie between 0.6 and 3.4, since sd_before is 1.4 and "
            "sd_after is 2; check the three",
        ),
        ({"correlation": "1"}, "correlation is 1 or -1; scores of people lie between"),
        ({"correlation": "1.2"}, "correlation is 1.2; it must lie between -1 and 1"),
        ({"se_before": "-1"}, "se_before is -1; it must be at least 0"),
        ({"se_before": "<1"}, "se_before is '<1'; it must be a number such as 12.5, or blank"),
    ],
)
def test_scores_that_cannot_be(topic: Path, row: dict[str, str], message: str) -> None:
    text = said(scores(topic, row))
    assert f"line 2, alder-2001: {message}" in text


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"scale": "free", "sd_after": "0.01"},
        {"sd_before": "", "before": ""},
        {"sd_after": "0.4"},  # of twenty people
        {"after": "0.1", "sd_after": "0.25", "n": "40"},  # at the floor: no error of 40 people
        {"minimum_before": "7.1", "q1_before": "7.1", "q3_before": "7.1", "maximum_before": "7.1"},
        {"mean_change": "-3.5", "sd_change": "3.4", "ci_low_change": "-9", "ci_high_change": "2"},
        {"mean_change": "-9", "se_change": "0.3", "correlation": "-0.9"},
    ],
)
def test_scores_that_are_possible(topic: Path, row: dict[str, str]) -> None:
    assert len(load_scores(scores(topic, row))) == 1


def test_a_table_without_optional_columns_holds_blanks(topic: Path) -> None:
    row = load_scores(scores(topic, {})).iloc[0]
    assert row[["median_before", "mean_change", "correlation"]].isna().all()


def test_a_row_that_stands_twice_is_seen_without_optional_columns(topic: Path) -> None:
    folder = scores(topic, {}, {})
    edit(folder, lambda text: text.replace("alder-2001.s2", "alder-2001.s1"), "scores.csv")
    assert "line 3, alder-2001: the same row stands on line 2 already" in said(folder)


def test_arms_of_scores_are_paired_too(topic: Path) -> None:
    one = {"arm": "slate", "role": "intervention", "comparison": "alder-2001"}
    assert "no control arm" in said(scores(topic, one))
