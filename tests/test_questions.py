"""From a question to its answer on the made-up topic: which rows enter, and why others do not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evidence import (
    SynthesisError,
    answer,
    answers,
    evidence_table,
    load,
    overview,
    rate_table,
    table_flow,
)
from evidence import sentence as said
from evidence.questions import STAGES
from evidence.tables.load import Tables
from tests.editing import cell, edit, question


@pytest.fixture
def tables(topic: Path) -> Tables:
    return load(topic)


def stages(tables: Tables, key: str = "leaks") -> dict[str, str]:
    rows = answer(key, tables).rows
    return dict(zip(rows["row_id"], rows["stage"], strict=True))


def test_one_row_per_cohort_enters_and_the_longest_fixed_follow_up_is_it(tables: Tables) -> None:
    assert stages(tables) == {
        "alder-2001.1": "same patients",
        "alder-2001.2": "enters",
        "birch-2004.1": "enters",
        "cedar-2010.1": "enters",
        "cedar-2010.2": "enters",
        "dogwood-2012.1": "excluded",
    }


def test_arms_at_one_time_are_added_together(tables: Tables) -> None:
    studies = answer("leaks", tables).synthesis.studies.set_index("study_id")
    cedar = studies.loc["cedar-2010"]
    assert (cedar["row_id"], cedar["arm"]) == ("cedar-2010.1+cedar-2010.2", "slate + reed")
    assert (cedar["events"], cedar["total"]) == (20, 175)
    assert cedar["intervention_as_reported"] == "slate roof + reed roof"
    assert pd.isna(cedar["printed_percent"])
    assert len(studies) == 3


def test_a_group_of_all_is_taken_before_its_arms(topic: Path) -> None:
    row = (topic / "studies.csv").read_text(encoding="utf-8").splitlines()[4]
    whole = row.replace("cedar-2010.1", "cedar-2010.3").replace(
        ",slate,intervention,cedar-2010,", ",all,single,,"
    )
    edit(topic, lambda text: text + whole.replace(",11,90,", ",20,175,") + "\n")
    found = stages(load(topic))
    assert [found[f"cedar-2010.{n}"] for n in (1, 2, 3)] == ["same patients"] * 2 + ["enters"]


def test_fixed_follow_up_goes_before_a_longer_mean(topic: Path) -> None:
    edit(topic, cell("alder-2001.2", "time_basis", "mean"))
    found = stages(load(topic))
    assert (found["alder-2001.1"], found["alder-2001.2"]) == ("enters", "same patients")


def test_larger_denominator_decides_between_rows_of_one_time(topic: Path) -> None:
    edit(topic, cell("alder-2001.2", "follow_up_months", "12"))
    found = stages(load(topic))
    assert (found["alder-2001.1"], found["alder-2001.2"]) == ("enters", "same patients")


def test_overlapping_reports_of_one_cohort_enter_once(topic: Path) -> None:
    edit(topic, cell("birch-2004.1", "cohort", "alder-2001"))
    found = answer("leaks", load(topic))
    assert found.synthesis.k == 2 and found.synthesis.estimate is None
    row = found.rows.set_index("row_id").loc["birch-2004.1"]
    assert row["reason"] == "another row of the same patients enters: alder-2001.2"


@pytest.mark.parametrize(
    "window, reason",
    [
        ("follow_up_months = { min = 18 }", "follow-up of 12 months; wanted: 18 months or more"),
        ("follow_up_months = { min = 24, max = 24 }", "follow-up of 12 months; wanted: 24 months"),
        ('time_bases = ["mean"]', "follow-up is fixed; wanted: mean"),
    ],
)
def test_rows_outside_the_window_say_so(topic: Path, window: str, reason: str) -> None:
    edit(
        topic,
        lambda text: text.replace("follow_up_months = { min = 6, max = 36 }", window),
        "questions.toml",
    )
    rows = answer("leaks", load(topic)).rows.set_index("row_id")
    assert rows.loc["birch-2004.1", ["stage", "reason"]].tolist() == ["follow-up", reason]


@pytest.mark.parametrize("months, stage", [(23, "follow-up"), (24, "enters"), (36, "enters")])
def test_both_ends_of_the_window_are_inside(topic: Path, months: int, stage: str) -> None:
    edit(topic, *question("min = 6", "min = 24"))
    edit(topic, cell("birch-2004.1", "follow_up_months", str(months)))
    assert stages(load(topic))["birch-2004.1"] == stage


def test_a_stated_follow_up_goes_before_one_that_is_not_stated(topic: Path) -> None:
    edit(topic, *question("max = 36", "max = 36, unknown = true"))
    edit(topic, cell("alder-2001.2", "follow_up_months", ""))
    found = stages(load(topic))
    assert (found["alder-2001.1"], found["alder-2001.2"]) == ("enters", "same patients")


def test_unknown_follow_up_enters_only_where_the_question_says_so(topic: Path) -> None:
    edit(topic, cell("birch-2004.1", "follow_up_months", ""))
    assert stages(load(topic))["birch-2004.1"] == "follow-up"
    edit(topic, *question("max = 36", "max = 36, unknown = true"))
    assert stages(load(topic))["birch-2004.1"] == "enters"


def test_too_few_cohorts_are_shown_and_not_pooled(topic: Path) -> None:
    edit(
        topic,
        lambda text: text.replace("threshold = 0.2", "threshold = 0.2\nminimum_k = 4"),
        "questions.toml",
    )
    pooled = answer("leaks", load(topic)).synthesis
    assert (pooled.k, pooled.estimate, len(pooled.studies)) == (3, None, 3)
    assert pooled.cautions[0] == "not pooled: 3 cohorts, and the question asks for at least 4"


def test_mixed_definitions_are_shown_and_not_pooled(topic: Path) -> None:
    shared = '[[sensitivity]]\nname = "other"\nbecause = "x"\nmodel = { interval = "wald" }\n'
    edit(topic, *question("[leaks]", f"{shared}\n[leaks]"))
    edit(topic, *question("threshold = 0.2", 'pool = false\npool_because = "Two ways."'))
    found = answer("leaks", load(topic))
    assert found.synthesis.estimate is None
    assert list(found.sensitivity) == ["slate only"], "no other model of what is not pooled"
    assert said(found) == "Not pooled: Two ways. The rates of 3 cohorts lie between 0.0% and 13.2%."


def test_restriction_takes_the_place_of_what_the_question_states(tables: Tables) -> None:
    restricted = answer("leaks", tables).sensitivity["slate only"]
    assert restricted.studies.set_index("study_id")["total"].to_dict() == {
        "alder-2001": 38, "birch-2004": 25, "cedar-2010": 90,
    }  # fmt: skip


def test_restriction_may_change_the_model(topic: Path) -> None:
    edit(
        topic,
        lambda text: text.replace('interventions = ["slate"]', 'model = { interval = "wald" }', 1),
        "questions.toml",
    )
    found = answer("leaks", load(topic))
    assert found.synthesis.model.interval == "hartung_knapp"
    assert found.sensitivity["slate only"].model.interval == "wald"


def test_what_the_topic_states_holds_for_every_question_that_pools(topic: Path) -> None:
    shared = (
        'model = { method = "common_effect" }\n[[sensitivity]]\nname = "random effects"\n'
        'because = "They differ."\nmodel = { method = "inverse_variance" }\n\n[leaks]'
    )
    edit(topic, *question("[leaks]", shared))
    edit(
        topic,
        *question(
            'outcomes = ["owner-pleased"]',
            'outcomes = ["owner-pleased"]\nmodel = { method = "glmm" }',
        ),
    )
    found = answers(load(topic))
    assert found["leaks"].synthesis.model.method == "common_effect"
    assert list(found["leaks"].sensitivity) == ["random effects", "slate only"]
    assert found["leaks"].sensitivity["random effects"].model.method == "inverse_variance"
    assert found["leaks"].sensitivity["slate only"].model.method == "common_effect"
    assert found["pleased"].synthesis.model.method == "glmm"


def test_no_study_and_one_study_are_answers(tables: Tables) -> None:
    assert said(answer("pleased-reed", tables)) == "No study in the table answers this question."
    assert said(answer("pleased", tables)) == (
        "One study: 96.0% (95% CI 80.5 to 99.3), from 1 cohort with 24 of 25 people. "
        "Nothing is pooled."
    )


def test_pooled_sentence(tables: Tables) -> None:
    text = said(answer("leaks", tables))
    assert text.startswith("11.3% (95% CI 4.9 to 24.0), from 3 cohorts with 25 of 238 people. ")


def test_flow_of_the_whole_table_counts_each_row_once(tables: Tables) -> None:
    steps = table_flow(answers(tables).values(), tables)
    assert list(steps.itertuples(index=False, name=None)) == [
        ("rows in the table", 7, 4, "kept"),
        ("no count", 1, 1, "left"),
        ("rows that may be pooled", 6, 3, "kept"),
        ("another row of the same patients enters", 1, 1, "left"),
        ("enter an answer", 5, 3, "kept"),
    ]


def test_a_row_that_enters_one_answer_of_two_has_entered(topic: Path) -> None:
    again = '[early]\ntitle = "x"\nasks = "x"\noutcomes = ["leaking-roof"]\n'
    window = "follow_up_months = { max = 12 }\n\n[pleased]"
    edit(topic, *question("[pleased]", again + window))
    steps = table_flow(answers(load(topic)).values(), load(topic))
    assert steps.iloc[-1].tolist() == ["enter an answer", 6, 3, "kept"]


def test_the_standing_of_the_counts_travels_with_the_answer(topic: Path) -> None:
    edit(topic, cell("alder-2001.2", "count_from", "derived"))
    edit(topic, cell("birch-2004.1", "source_type", "secondary"))
    edit(topic, cell("cedar-2010.2", "citation_verified", "no"))
    assert answer("leaks", load(topic)).synthesis.cautions[-1] == (
        "of 3 counts: 2 read in an abstract only, 1 read in another work that restates them, "
        "1 derived from a printed percentage, 1 cited with fields that are not verified"
    )


def test_flow_accounts_for_every_row(tables: Tables) -> None:
    for found in answers(tables).values():
        flow = found.flow()
        assert flow.iloc[1:]["rows"].sum() == flow.iloc[0]["rows"] == len(found.rows)
        assert set(found.rows["stage"]) <= set(STAGES)


def test_unknown_question_lists_the_choices(tables: Tables) -> None:
    with pytest.raises(SynthesisError, match="question 'leak' is unknown; choose one of: leaks, "):
        answer("leak", tables)


def test_overview_has_a_row_for_every_question_and_full_precision(tables: Tables) -> None:
    table = overview(answers(tables).values()).set_index("question")
    assert table["k"].to_dict() == {"leaks": 3, "pleased": 1, "pleased-reed": 0}
    assert table["pooled"].to_dict() == {"leaks": True, "pleased": False, "pleased-reed": False}
    assert table.loc["leaks", "estimate"] == answer("leaks", tables).synthesis.estimate


def test_evidence_table_has_every_bearing_row(tables: Tables) -> None:
    table = evidence_table(answers(tables).values())
    assert len(table) == 7 and table["pooled"].sum() == 5
    assert not table[table["stage"] == "same patients"]["pooled"].any()


def test_rate_table_keeps_standing_and_leaves_out_rows_without_counts(tables: Tables) -> None:
    every = rate_table(tables)
    assert len(every) == 6 and "stage" not in every
    assert set(rate_table(tables, "leaks")["stage"]) == {"enters", "same patients"}
