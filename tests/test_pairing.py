"""From the arms of the made-up topic to a comparison, and what is set aside on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import DataError, answer, answers, evidence_table, forest, load, sentence
from evidence.questions.pairing import NO_PARTNER
from tests.editing import cell, edit, question
from tests.test_tables_pairing import again

COMPARED = (
    'outcomes = ["leaking-roof"]\nmeasure = "risk_ratio"\ninterventions = ["slate"]\n'
    'comparators = ["reed"]\n'
)


@pytest.fixture
def compared(topic: Path) -> Path:
    """The topic with its first question turned into a comparison of slate with reed."""
    edit(topic, *question('outcomes = ["leaking-roof"]\n', COMPARED))
    edit(
        topic,
        *question(
            'interventions = ["slate"]\n\n[pleased]', "follow_up_months = { min = 9 }\n\n[pleased]"
        ),
    )
    return topic


def stages(folder: Path) -> dict[str, str]:
    rows = answer("leaks", load(folder)).rows
    return dict(zip(rows["row_id"], rows["stage"], strict=True))


def test_both_arms_enter_as_one_row(compared: Path) -> None:
    found = answer("leaks", load(compared))
    assert dict(zip(found.rows["row_id"], found.rows["stage"], strict=True)) == {
        "cedar-2010.1": "enters", "cedar-2010.2": "enters",
    }  # fmt: skip
    row = found.synthesis.studies.iloc[0]
    assert row[["events_t", "total_t", "events_c", "total_c"]].tolist() == [11, 90, 9, 85]
    assert (row["arm"], row["role"]) == ("slate against reed", "comparison")
    assert row["row_id"] == "cedar-2010.1+cedar-2010.2"
    assert (row["intervention_t"], row["intervention_c"]) == ("slate", "reed")
    assert found.synthesis.estimate == pytest.approx(11 / 90 / (9 / 85))
    assert sentence(found).startswith("One study: risk ratio 1.15 (95% CI 0.50 to 2.65) from 1 co")


def test_exchanged_roles_turn_the_comparison_round(compared: Path) -> None:
    edit(
        compared,
        *question('["slate"]\ncomparators = ["reed"]', '["reed"]\ncomparators = ["slate"]'),
    )
    edit(compared, cell("cedar-2010.1", "role", "control"))
    edit(compared, cell("cedar-2010.2", "role", "intervention"))
    row = answer("leaks", load(compared)).synthesis.studies.iloc[0]
    assert row[["events_t", "total_t", "events_c", "total_c"]].tolist() == [9, 85, 11, 90]


def test_other_comparators_do_not_bear_on_it(compared: Path) -> None:
    edit(compared, *question('comparators = ["reed"]', 'comparators = ["slate"]'))
    found = answer("leaks", load(compared))
    assert len(found.rows) == 0 and found.synthesis.k == 0
    assert sentence(found) == "No study in the table answers this question."


def test_an_arm_whose_partner_cannot_be_pooled_is_set_aside(compared: Path) -> None:
    edit(compared, cell("cedar-2010.2", "exclude_because", "no-count"))
    edit(compared, cell("cedar-2010.2", "exclude_detail", "Not known."))
    found = answer("leaks", load(compared))
    assert stages(compared) == {"cedar-2010.1": "no partner", "cedar-2010.2": "excluded"}
    assert found.rows.set_index("row_id").loc["cedar-2010.1", "reason"] == NO_PARTNER
    assert found.flow()["rows"].tolist() == [2, 1, 1, 0]
    assert found.synthesis.k == 0


def test_the_longest_fixed_follow_up_of_a_cohort_enters(compared: Path) -> None:
    for row in ("cedar-2010.1", "cedar-2010.2"):
        cells = {"follow_up_months": "24", "total": "80"}
        edit(compared, again(row, row.replace("2010.", "2010.2"), **cells))
    assert stages(compared) == {
        "cedar-2010.1": "same patients", "cedar-2010.2": "same patients",
        "cedar-2010.21": "enters", "cedar-2010.22": "enters",
    }  # fmt: skip
    rows = answer("leaks", load(compared)).rows.set_index("row_id")
    assert rows.loc["cedar-2010.1", "reason"].endswith("enters: cedar-2010.21 and cedar-2010.22")


def test_several_intervention_arms_are_added_together(compared: Path) -> None:
    edit(compared, again("cedar-2010.1", "cedar-2010.3", arm="blue slate", total="60"))
    row = answer("leaks", load(compared)).synthesis.studies.iloc[0]
    assert row[["events_t", "total_t", "events_c", "total_c"]].tolist() == [22, 150, 9, 85]


def test_too_few_comparisons_are_shown_and_not_pooled(compared: Path) -> None:
    for row in ("cedar-2010.1", "cedar-2010.2"):
        cells = {"study_id": "birch-2004", "cohort": "birch-2004", "comparison": "birch-2004"}
        edit(compared, again(row, row.replace("cedar-2010.", "birch-2004.1"), **cells))
    found = answer("leaks", load(compared))
    assert (found.synthesis.k, found.synthesis.estimate) == (2, None)
    assert found.synthesis.events == 40 and found.synthesis.total == 350
    assert sentence(found).endswith("The risk ratio of 2 cohorts lies between 1.15 and 1.15.")
    assert forest(found.synthesis).get_label().startswith("Forest plot. 2 studies")


def test_a_sensitivity_may_ask_for_another_measure(compared: Path) -> None:
    edit(
        compared,
        *question(
            "[pleased]\n",
            '[[leaks.sensitivity]]\nname = "difference"\nbecause = "How many more."\n'
            'measure = "risk_difference"\n\n[pleased]\n',
        ),
    )
    found = answer("leaks", load(compared)).sensitivity["difference"]
    assert found.estimate == pytest.approx(11 / 90 - 9 / 85)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('measure = "risk_ratio"\n', "", "comparators are given and the measure compares nothing"),
        ('comparators = ["reed"]', 'comparators = ["straw"]', "comparators holds 'straw', which"),
        ('name = "slate only"', 'name = "x"\nmeasure = "rates"', "measure 'rates' is unknown"),
        (
            'name = "slate only"', 'name = "x"\nmeasure = "proportion_log"',
            "sensitivity 'x' asks for proportion_log, which needs other rows than risk_ratio",
        ),
    ],
)  # fmt: skip
def test_questions_that_cannot_be_asked(compared: Path, old: str, new: str, message: str) -> None:
    edit(compared, *question(old, new))
    with pytest.raises(DataError, match=message):
        load(compared)


def test_what_the_topic_states_for_rates_is_not_asked_of_comparisons(compared: Path) -> None:
    for_rates = (
        'model = { method = "glmm" }\n\n[sturdy]\nchange = 0.05\nbecause = "Five points."\n\n'
    )
    edit(compared, *question("[leaks]\n", f"{for_rates}[leaks]\n"))
    found = answers(load(compared))
    assert found["leaks"].question.sturdy is None
    assert found["pleased"].question.sturdy.change == 0.05
    assert found["leaks"].question.model == {}
    assert found["pleased"].question.model == {"method": "glmm"}
    assert set(evidence_table(found.values())["cohort"]) >= {"cedar-2010"}
