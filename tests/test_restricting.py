"""Inclusion rules beyond the terms: where a row was read, its risk of bias, possible overlap."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence import DataError, SynthesisError, answer, load, stated_of, sturdiness
from evidence.questions import STAGES
from evidence.tables.overlaps import probable
from tests.conftest import ROOT
from tests.editing import cell, edit, question

FIRST = 'interventions = ["slate"]'


def stages(topic: Path, key: str = "leaks") -> dict[str, str]:
    rows = answer(key, load(topic)).rows
    assert set(rows["stage"]) <= set(STAGES)
    return dict(zip(rows["row_id"], rows["stage"], strict=True))


def reason(topic: Path, row: str) -> str:
    rows = answer("leaks", load(topic)).rows.set_index("row_id")
    return str(rows.loc[row, "reason"])


def judge(topic: Path, **answers: str) -> None:
    """Two columns of judgements: row -> the answer on the frame; everyone's size is adequate."""

    def change(text: str) -> str:
        header, *lines = text.splitlines()
        said = {name.replace("_", "-"): word for name, word in answers.items()}
        rows = (f"{one},{said.get(one.split(',')[1], '')},yes" for one in lines)
        return "\n".join([f"{header},jbi_frame,jbi_size", *rows]) + "\n"

    edit(topic, change)


def share_authors(topic: Path) -> None:
    """Make birch-2004 (25 roofs) and cedar-2010 (175) reports of one group."""
    edit(
        topic,
        lambda text: text.replace("Cedar, C. and Elm, E. and Fir, F.", "Birch, B. and Elm, E."),
        "references.bib",
    )


def narrowed(topic: Path, rule: str) -> None:
    edit(topic, *question(FIRST, rule))


def test_a_row_read_elsewhere_is_set_aside_with_the_reason(topic: Path) -> None:
    edit(topic, cell("alder-2001.2", "source_type", "secondary"))
    edit(topic, *question('outcomes = ["leaking-roof"]',
                          'outcomes = ["leaking-roof"]\nsource_types = ["abstract"]'))  # fmt: skip
    found = stages(topic)
    assert found["alder-2001.2"] == "source"
    assert found["alder-2001.1"] == "enters", "another row of the cohort takes its place"
    assert reason(topic, "alder-2001.2") == "read in: secondary; wanted: abstract"


def test_the_rule_on_the_risk_of_bias_names_the_domains(topic: Path) -> None:
    judge(topic, alder_2001="no", birch_2004="yes")
    edit(topic, *question('outcomes = ["leaking-roof"]',
        'outcomes = ["leaking-roof"]\nrisk_of_bias = "no domain at high risk"'))  # fmt: skip
    found = stages(topic)
    assert found["alder-2001.1"] == found["alder-2001.2"] == "risk of bias"
    assert found["birch-2004.1"] == found["cedar-2010.1"] == "enters", "unknown is not high"
    assert reason(topic, "alder-2001.1") == (
        "risk of bias: frame high; wanted: no domain at high risk"
    )
    caution = answer("leaks", load(topic)).synthesis.cautions[-1]
    assert caution == "risk of bias: 2 of 2 cohorts not judged in every domain"


def test_arms_that_enter_as_one_are_judged_as_one(topic: Path) -> None:
    judge(topic, cedar_2010="yes")
    edit(topic, lambda text: "\n".join(
        line.replace(",yes,yes", ",no,yes") if line.startswith("cedar-2010.2") else line
        for line in text.splitlines()
    ) + "\n")  # fmt: skip
    studies = answer("leaks", load(topic)).synthesis.studies.set_index("study_id")
    assert studies.loc["cedar-2010", "jbi_frame"] == "no"
    assert studies.loc["cedar-2010", "jbi_size"] == "yes"


def test_every_domain_at_low_risk_needs_every_judgement(topic: Path) -> None:
    narrowed(topic, 'risk_of_bias = "every domain at low risk"')
    assert answer("leaks", load(topic)).sensitivity["slate only"].k == 0
    header = ",".join(f"jbi_{name}" for name in ("frame", "sampling", "size", "setting",
                      "coverage", "valid", "standard", "analysis", "response"))  # fmt: skip
    edit(topic, lambda text: "".join(
        f"{line},{header if not n else 'yes' + 8 * ',yes' if 'birch' in line else 8 * ','}\n"
        for n, line in enumerate(text.splitlines())
    ))  # fmt: skip
    found = answer("leaks", load(topic)).sensitivity["slate only"]
    assert found.studies["study_id"].tolist() == ["birch-2004"]
    assert not any("risk of bias" in caution for caution in found.cautions)


def test_of_cohorts_that_may_overlap_the_larger_enters(topic: Path) -> None:
    share_authors(topic)
    assert list(probable(load(topic))) == [("birch-2004", "cedar-2010")]
    assert stages(topic)["birch-2004.1"] == "enters", "unless the question asks, both do"
    narrowed(topic, "overlaps = false")
    found = answer("leaks", load(topic))
    assert found.synthesis.k == 3
    restricted = found.sensitivity["slate only"]
    assert set(restricted.studies["study_id"]) == {"alder-2001", "cedar-2010"}
    edit(topic, *question('outcomes = ["leaking-roof"]',
                          'outcomes = ["leaking-roof"]\noverlaps = false'))  # fmt: skip
    assert stages(topic)["birch-2004.1"] == "overlap"
    said = "may share patients with cedar-2010, which enters: they share Birch B"
    assert reason(topic, "birch-2004.1") == said
    flow = answer("leaks", load(topic)).flow().set_index("stage")
    assert flow.loc[STAGES["overlap"], "cohorts"] == 1


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            'source_types = ["book"]',
            "'book' is unknown; use 'full text', 'abstract' or 'secondary'",
        ),
        ('risk_of_bias = "low"', r"risk_of_bias: 'low' is unknown; choose one of: no domain at hi"),
        ('overlaps = "none"', "overlaps: Input should be a valid boolean"),
        ('inherited = ["x"]', "inherited is unknown; rename or delete it"),
    ],
)
def test_a_rule_that_cannot_be_is_told(topic: Path, rule: str, message: str) -> None:
    narrowed(topic, rule)
    with pytest.raises(DataError, match=message):
        load(topic)


def test_names_that_are_used_twice_are_told(topic: Path) -> None:
    shared = '\n[[sensitivity]]\nname = "slate only"\nbecause = "So."\noverlaps = false\n\n[leaks]'
    edit(topic, *question("\n[leaks]", shared))
    with pytest.raises(DataError, match=r"leaks: .*'slate only' is there twice, here or in the to"):
        load(topic)


def test_the_reader_adds_what_nobody_may_write(topic: Path) -> None:
    edit(topic, *question('title = "Leaking roofs"\nasks', 'inherited = []\ntitle = "L"\nasks'))
    with pytest.raises(DataError, match="leaks: inherited is unknown; rename or delete it"):
        load(topic)


def test_a_rule_of_its_own_that_leaves_none_is_an_error_one_of_the_topic_is_told(
    topic: Path,
) -> None:
    shared = '\n[[sensitivity]]\nname = "read"\nbecause = "So."\nsource_types = ["full text"]\n'
    edit(topic, *question("\n[leaks]", f"{shared}\n[leaks]"))
    tables = load(topic)
    found = answer("leaks", tables)
    assert stated_of(found).general == {"read"} and found.sensitivity["read"].k == 0
    text = sturdiness(found, tables, "multiverse")["multiverse"].text
    assert "Not run: read (leaves 0 of 3 studies, too few to pool)" in text
    narrowed(topic, 'source_types = ["full text"]')
    tables = load(topic)
    with pytest.raises(SynthesisError) as told:
        sturdiness(answer("leaks", tables), tables, "multiverse")
    assert str(told.value) == (
        "question 'leaks': the inclusion rule 'slate only' leaves 0 of 3 studies; mend or drop it"
    )


def test_a_rule_that_changes_nothing_is_told(topic: Path) -> None:
    narrowed(topic, "overlaps = false")
    tables = load(topic)
    found = answer("leaks", tables)
    assert found.sensitivity["slate only"].estimate == found.synthesis.estimate
    text = sturdiness(found, tables, "multiverse")["multiverse"].text
    assert text.endswith("Same rows as stated or as another rule: slate only.")


def test_the_project_states_rules_for_every_pooled_rate() -> None:
    tables = load(ROOT / "data")
    found = answer("revision-excellent-or-good", tables)
    kept = found.sensitivity["not restated by others"].studies
    assert 1 < len(kept) < found.synthesis.k
    assert not (kept["source_type"] == "secondary").any()
    assert {"full text read", "no possible overlap"} <= set(found.question.inherited)
