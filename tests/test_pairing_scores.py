"""Two arms of scores from the made-up topic: which figures enter, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evidence import (
    DataError,
    answer,
    evidence_table,
    forest,
    load,
    pool,
    question_forest,
    rate_table,
    sentence,
)
from evidence.questions import Answer, favours
from evidence.questions.pairing import NO_PARTNER, OTHER_FIGURES
from evidence.report.page import _question
from evidence.report.sturdy import sturdy
from tests.editing import edit, question
from tests.test_tables_pairing import scores

ASKED = (
    '[calmer]\ntitle = "Calm: slate against reed"\nasks = "Does slate calm?"\n'
    'measure = "{measure}"\noutcomes = ["owner-pleased"]\ninterventions = ["slate"]\n'
    'comparators = ["reed"]\nscales = ["calm"]\nminimum_k = 2\n{more}\n[pleased]\n'
)
AFTER = {"before": "", "sd_before": ""}
CHANGES = {**AFTER, "after": "", "sd_after": ""}


def arms(study: str, slate: dict[str, str], reed: dict[str, str]) -> list[dict[str, str]]:
    tied = {"study": study, "comparison": study}
    return [
        {**AFTER, **tied, "role": "intervention", "arm": "slate", **slate},
        {**AFTER, **tied, "role": "control", "arm": "reed", "treated": "reed", **reed},
    ]


def compared(
    folder: Path, *rows: dict[str, str], measure: str = "mean_difference", more: str = ""
) -> Answer:
    edit(folder, *question("[pleased]\n", ASKED.format(measure=measure, more=more)))
    return answer("calmer", load(scores(folder, *rows)))


ALDER = arms("alder-2001", {"after": "3", "sd_after": "2"}, {"after": "4.5", "sd_after": "2.5"})
BIRCH = arms(
    "birch-2004",
    {"n": "30", "after": "2.5", "sd_after": "1.5"},
    {"n": "28", "after": "5", "sd_after": "2"},
)
CEDAR = arms(
    "cedar-2010",
    {**CHANGES, "mean_change": "-2.5", "sd_change": "1.5"},
    {**CHANGES, "mean_change": "-1.9", "se_change": "0.4"},
)


@pytest.mark.parametrize(
    "measure", ["mean_difference", "standardised_difference", "ratio_of_means"]
)
def test_arms_are_compared_by_scores_after_treatment(topic: Path, measure: str) -> None:
    found = compared(topic, *ALDER, *BIRCH, measure=measure)
    frame = pd.DataFrame(
        {
            "study_id": ["a", "b"], "n_t": [20, 30], "mean_t": [3, 2.5], "sd_t": [2, 1.5],
            "n_c": [20, 28], "mean_c": [4.5, 5], "sd_c": [2.5, 2],
        }
    )  # fmt: skip
    plain = pool(frame, measure)
    assert found.synthesis.estimate == pytest.approx(plain.estimate)
    assert found.synthesis.interval == pytest.approx(plain.interval)
    assert found.synthesis.studies["compared_by"].unique().tolist() == ["scores after treatment"]
    assert found.rows["stage"].unique().tolist() == ["enters"]
    assert sentence(found).startswith(f"{plain.measure.label} ")
    assert "98 people" in sentence(found)


def test_changes_enter_a_difference_where_only_they_are_known(topic: Path) -> None:
    found = compared(topic, *ALDER, *CEDAR)
    studies = found.synthesis.studies.set_index("study_id")
    assert studies["estimate"].tolist() == pytest.approx([-1.5, -0.6])
    spreads = (1.5**2 + 0.4**2 * 20) / 20
    assert studies.loc["cedar-2010", "variance"] == pytest.approx(spreads)
    assert studies.loc["cedar-2010", "compared_by"] == "changes from before"
    assert studies.loc["cedar-2010", "recovered"] == "reed: SD change from standard error: SE 0.4"
    assert (
        "compared by changes from before: Cedar 2010; the others give scores after treatment, and "
        "the two agree only where chance allotted the arms (Cochrane Handbook, section 10.5.2)"
    ) in found.synthesis.cautions


def test_scores_after_treatment_go_before_changes(topic: Path) -> None:
    both = [{**row, "mean_change": "-3", "sd_change": "1"} for row in ALDER]
    found = compared(topic, *both, *CEDAR[:0])
    assert found.synthesis.studies["estimate"].tolist() == [-1.5]
    assert not any("compared by" in caution for caution in found.synthesis.cautions)


def test_changes_alone_are_named_without_a_mixture(topic: Path) -> None:
    found = compared(topic, *CEDAR)
    assert "compared by changes from before: Cedar 2010" in found.synthesis.cautions


@pytest.mark.parametrize("measure", ["standardised_difference", "ratio_of_means"])
def test_changes_enter_nothing_but_a_difference(topic: Path, measure: str) -> None:
    found = compared(topic, *ALDER, *BIRCH, *CEDAR, measure=measure)
    assert found.synthesis.k == 2
    rows = found.rows.set_index("study_id").loc["cedar-2010"]
    assert rows["stage"].tolist() == ["incomplete"] * 2
    assert rows["reason"].iloc[0].startswith("the source gives no mean after, sd after, and")


def test_an_arm_without_usable_figures_leaves_its_partner_alone(topic: Path) -> None:
    found = compared(topic, {**ALDER[0], "sd_after": ""}, ALDER[1])
    assert found.rows[["stage", "reason"]].to_numpy().tolist() == [
        [
            "incomplete",
            "the source gives no sd after nor mean change, sd change, and nothing to recover it "
            "from",
        ],
        ["no partner", NO_PARTNER],
    ]
    assert sentence(found) == (
        "No study in the table answers this question; 2 rows bear on it and none can enter."
    )


def test_one_arm_of_scores_and_one_of_changes_are_no_pair(topic: Path) -> None:
    found = compared(topic, ALDER[0], {**CEDAR[1], "study": "alder-2001"} | {
        "comparison": "alder-2001"})  # fmt: skip
    assert found.rows["reason"].tolist() == [OTHER_FIGURES] * 2
    assert found.flow()["rows"].tolist() == [2, 2, 0]


def test_arms_on_two_scales_are_two_pairs(topic: Path) -> None:
    other = [{**row, "scale": "free"} for row in ALDER]
    found = compared(topic, *ALDER, *other)
    assert found.rows["stage"].tolist() == ["enters"] * 2 + ["other scale"] * 2
    assert found.synthesis.k == 1


def test_a_standardised_difference_keeps_scales_apart(topic: Path) -> None:
    other = [{**row, "scale": "free", "after": "30", "sd_after": "20"} for row in ALDER]
    folder = scores(topic, *ALDER, *other)
    asked = ASKED.format(measure="standardised_difference", more="")
    edit(folder, *question("[pleased]\n", asked.replace('["calm"]', '["calm", "free"]')))
    found = answer("calmer", load(folder))
    assert found.rows["stage"].tolist() == ["enters"] * 2 + ["same patients"] * 2
    assert found.synthesis.studies["n_t"].tolist() == [20]


def test_several_groups_of_a_side_are_taken_together(topic: Path) -> None:
    more = {**ALDER[0], "arm": "grey slate", "n": "10", "after": "4.5", "sd_after": "1"}
    row = compared(topic, *ALDER, more).synthesis.studies.iloc[0]
    assert (row["n_t"], row["mean_t"], row["n_c"]) == (30, 3.5, 20)
    assert row["sd_t"] ** 2 == pytest.approx((19 * 4 + 9 * 1 + 20 * 0.25 + 10 * 1) / 29)
    assert row["arm"] == "slate + grey slate against reed"


def test_the_figure_shows_both_arms_and_what_matters(topic: Path) -> None:
    more = 'important = 1.5\nimportant_because = "Guild."'
    found = compared(topic, *ALDER, *BIRCH, more=more)
    tables = load(topic)
    axes = question_forest(found, tables)
    shown = [text.get_text().replace("\n", " ") for text in axes.texts]
    assert {"Intervention", "Comparison", "Favours comparison", "Favours intervention"} <= set(
        shown
    )
    assert [shown.count(head) for head in ("N", "Mean", "SD")] == [2, 2, 2]
    assert "3.0" in shown and "48" in shown
    assert any("Shaded: differences too small to matter (Guild), −1.50 to 1.50." in text
               for text in shown)  # fmt: skip
    ends = [line.get_xdata()[0] for line in axes.lines if line.get_label() == "_end"]
    assert ends == [-1.5, 1.5]
    said = "The interval does not decide about the smallest difference that matters to a patient"
    assert said in sentence(found) and said in str(found) and said in found._repr_html_()
    edit(topic, lambda text: text.replace('same builder again.", direction = "good"',
                                          'same builder again.", direction = "bad"'),
         "vocabulary.toml")  # fmt: skip
    assert favours(found, tables) == ("Favours comparison", "Favours intervention")
    assert favours(found, load(topic)) == ("Favours intervention", "Favours comparison")


def test_the_page_and_the_map_say_it_arm_by_arm(topic: Path) -> None:
    found = compared(topic, *ALDER, *CEDAR)
    tables = load(topic)
    page = _question(found, tables, sturdy(found, tables))
    counts = {row["label"]: row["counts"] for row in page["entered"]}
    assert counts["Alder and Schön 2001"] == (
        "3.00 (SD 2.00), n 20 against 4.50 (SD 2.50), n 20; scores after treatment"
    )
    assert counts["Cedar 2010"].endswith("n 20; changes from before")
    standing = {row["label"]: row["standing"] for row in page["entered"]}
    assert standing["Cedar 2010"] == "abstract, reed: SD change from standard error: SE 0.4"
    assert page["counted"] == "Mean score"
    assert evidence_table([found])["total"].tolist() == [20] * 4
    with pytest.raises(ValueError, match="asks for scores; they have no rates"):
        rate_table(tables, "calmer")
    assert forest(found.synthesis).get_label().startswith("Forest plot. Pooled estimate Mean diff")


@pytest.mark.parametrize(
    ("measure", "more", "message"),
    [
        ("mean_difference", 'scales = ["calm", "free"]', "mean_difference is in points of one"),
        (
            "ratio_of_means",
            'important = 2.0\nimportant_because = "x"',
            "important is a change of a score, or a difference between two arms of scores",
        ),
        (
            "standardised_difference",
            '[[calmer.sensitivity]]\nname = "x"\nbecause = "y"\nmeasure = "mean_change"\n',
            "sensitivity 'x' asks for mean_change, which needs other rows than standardised",
        ),
    ],
)
def test_comparisons_of_scores_that_cannot_be_asked(
    topic: Path, measure: str, more: str, message: str
) -> None:
    asked = ASKED.format(measure=measure, more=more)
    if more.startswith("scales"):
        asked = asked.replace('scales = ["calm"]\n', "")
    edit(topic, *question("[pleased]\n", asked))
    with pytest.raises(DataError, match=message):
        load(scores(topic, *ALDER))


def test_an_arm_of_scores_without_its_partner_is_refused(topic: Path) -> None:
    with pytest.raises(DataError, match="alder-2001 has no control arm at this outcome and time"):
        compared(topic, ALDER[0])


def test_a_second_control_of_scores_is_refused(topic: Path) -> None:
    with pytest.raises(DataError, match="has a control at this outcome and time on line 3 already"):
        compared(topic, *ALDER, {**ALDER[1], "arm": "straw"})
