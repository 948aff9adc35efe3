"""The tables in data/ against the curated extract in tests/curated/, row by row."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DATA, CURATED = ROOT / "data", ROOT / "tests" / "curated"

SAME = {  # curated column -> product column
    "arm": "arm",
    "follow_up_months": "follow_up_months",
    "events": "events",
    "total": "total",
    "reported_percent": "printed_percent",
    "n": "n",
    "mean_before": "mean_before",
    "sd_before": "sd_before",
    "mean_after": "mean_after",
    "sd_after": "sd_after",
    "p_value": "p_value",
    "source_type": "source_type",
    "source_locator": "source_locator",
    "source_url": "source_url",
}
OTHER_ID = {"klessinger-2013": "klessinger-2013a"}
FILES = {
    "rates_recurrence.csv": "studies.csv",
    "rates_treatment.csv": "studies.csv",
    "scores.csv": "scores.csv",
}
COHORTS = (  # reports of the same patients, or suspected to be
    ("lebow-2011", "parker-2013"),
    ("abdu-2017", "leven-2015"),
    ("vandenbrink-2019", "klassen-2018", "thome-2018", "thome-rct-3y", "kienzler-2021"),
    ("thome-2005", "barth-2008"),
    ("carragee-1996", "carragee-1999", "carragee-2003", "carragee-2006"),
    ("gaston-nda", "gaston-ndb"),
    ("peul-2008", "lequin-2013", "elbarzouhi-2013"),
    ("arts-2011", "lequin-2022"),
    ("atlas-2001", "atlas-2005"),
    ("kimch-2013", "kimch-2019"),
    ("jansson-2004", "fritzell-2015"),
    ("heindel-2017", "etigunta-2025"),
    ("colantonio-2024", "unseen-mhs-185"),
    ("zhu-2023", "zhu-2024"),
    ("tullberg-1993", "tullberg-1994"),
    ("klessinger-2013a", "klessinger-2013b"),
    ("kapural-2015", "kapural-2015-cns"),
    ("adogwa-2011", "adogwa-2013", "mendenhall-2014"),
)
APART = (("manchikanti-2012a", "manchikanti-2012b"), ("ruetten-2008", "ruetten-2009"))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


PRODUCT = {name: read(DATA / name) for name in ("studies.csv", "scores.csv")}
EVERY = [row for rows in PRODUCT.values() for row in rows]
BY_ID = {row["row_id"]: row for row in EVERY}
LABELS = read(DATA / "labels.csv")
VOCABULARY = tomllib.loads((DATA / "vocabulary.toml").read_text(encoding="utf-8"))


def cells(row_id: str, *columns: str) -> tuple[str, ...]:
    return tuple(BY_ID[row_id][column] for column in columns)


@pytest.mark.parametrize(("name", "count"), list(zip(FILES, (209, 173, 51), strict=True)))
def test_the_extract_is_whole(name: str, count: int) -> None:
    assert len(read(CURATED / name)) == count


@pytest.mark.parametrize("name", FILES)
def test_every_curated_row_is_in_the_product_unchanged(name: str) -> None:
    left_out = {row["row_id"] for row in read(CURATED / "left_out.csv")}
    product = {row["row_id"]: row for row in PRODUCT[FILES[name]]}
    for row in read(CURATED / name):
        if row["row_id"] in left_out:
            continue
        mine = product[row["row_id"]]
        assert mine["study_id"] == OTHER_ID.get(row["study_id"], row["study_id"])
        changed = {c: (row[c], mine[p]) for c, p in SAME.items() if c in row and row[c] != mine[p]}
        assert not changed, row["row_id"]
        assert mine["outcome_as_reported"].split(": ")[0] == row["outcome"]


@pytest.mark.parametrize("name", ["rates_recurrence.csv", "rates_treatment.csv"])
def test_how_a_count_was_had_is_kept(name: str) -> None:
    for row in read(CURATED / name):
        counted = row["events"] != "" and row["total"] != ""
        assert BY_ID[row["row_id"]]["count_from"] == (row["how"] if counted else "")


def test_no_row_is_there_twice_and_every_other_row_is_listed_as_added() -> None:
    ids = [row["row_id"] for row in EVERY]
    curated = [row["row_id"] for name in FILES for row in read(CURATED / name)]
    added = [row["row_id"] for row in read(CURATED / "added.csv")]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == sorted(curated + added)


def test_added_rows_are_cited_works_without_numbers() -> None:
    added = read(CURATED / "added.csv")
    assert {row["row_id"] for row in added} == {"hussain-2013.1", "jeon-2012.1", "cramer-2012.1"}
    for row in added:
        assert row["source"]
        assert cells(row["row_id"], "events", "total", "printed_percent") == ("", "", "")
        assert BY_ID[row["row_id"]]["exclude_because"] == "no-count"


@pytest.mark.parametrize("name", FILES)
def test_row_ids_follow_the_order_of_the_curated_files(name: str) -> None:
    mark = "s" if name == "scores.csv" else ""
    last: dict[str, int] = {}
    for row in PRODUCT[FILES[name]]:
        study, number = row["row_id"].split(f".{mark}")
        assert study == row["study_id"]
        assert int(number) == last.get(study, 0) + 1
        last[study] = int(number)


@pytest.mark.parametrize("reports", COHORTS, ids=lambda reports: reports[0])
def test_reports_of_the_same_patients_share_a_cohort(reports: tuple[str, ...]) -> None:
    assert len({row["cohort"] for row in EVERY if row["study_id"] in reports}) == 1
    assert {row["study_id"] for row in EVERY} >= set(reports)


@pytest.mark.parametrize("reports", APART, ids=lambda reports: reports[0])
def test_different_trials_keep_different_cohorts(reports: tuple[str, ...]) -> None:
    assert len({row["cohort"] for row in EVERY if row["study_id"] in reports}) == len(reports)


def test_a_cohort_of_one_study_is_named_after_it() -> None:
    members: dict[str, set[str]] = {}
    for row in EVERY:
        members.setdefault(row["cohort"], set()).add(row["study_id"])
    named = {"evoke", "process"}  # trials known by name, of which one report is here
    alone = {cohort for cohort, studies in members.items() if len(studies) == 1} - named
    assert all(members[cohort] == {cohort} for cohort in alone)


@pytest.mark.parametrize("field", ["outcome", "population", "intervention"])
def test_every_label_is_mapped_as_reviewed(field: str) -> None:
    mapped = {(label["raw"], label["term"]) for label in LABELS if label["field"] == field}
    added = {row["row_id"] for row in read(CURATED / "added.csv")}
    for row in EVERY:
        raw = row[f"{field}_as_reported"]
        raw = raw.split(": ")[0] if field == "outcome" else raw
        assert row["row_id"] in added or (raw, row[field]) in mapped, row["row_id"]


def test_every_scale_is_mapped_as_reviewed() -> None:
    mapped = {(label["raw"], label["term"]) for label in LABELS if label["field"] == "scale"}
    for row in read(CURATED / "scores.csv"):
        assert (row["scale"], BY_ID[row["row_id"]]["scale"]) in mapped


def test_labels_are_unique_and_say_what_decides_between_two_terms() -> None:
    pairs = [(label["field"], label["raw"], label["term"]) for label in LABELS]
    assert len(set(pairs)) == len(pairs)
    several: dict[tuple[str, str], list[dict[str, str]]] = {}
    for label in LABELS:
        several.setdefault((label["field"], label["raw"]), []).append(label)
    for labels in several.values():
        assert len(labels) == 1 or all(label["context"] for label in labels)


def test_every_term_is_defined_and_every_defined_term_is_used() -> None:
    fields = {
        "outcomes": "outcome",
        "interventions": "intervention",
        "populations": "population",
        "designs": "design",
        "scales": "scale",
        "exclusions": "exclude_because",
    }
    for name, field in fields.items():
        used = {row.get(field, "") for row in EVERY} - {""}
        assert used == set(VOCABULARY[name])


def test_every_key_is_in_the_bibliography_and_every_entry_is_used() -> None:
    text = (DATA / "references.bib").read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),", text, re.M)
    assert len(set(keys)) == len(keys)
    assert set(keys) == {row["study_id"] for row in EVERY}


def test_arms_of_a_comparison_are_two_sides() -> None:
    sides: dict[tuple[str, ...], set[str]] = {}
    for row in EVERY:
        if row["comparison"]:
            what = (row["comparison"], row["outcome"], row["follow_up_months"])
            sides.setdefault(what, set()).add(row["role"])
    assert not {what for what, roles in sides.items() if roles != {"intervention", "control"}}


def test_groups_that_code_may_add_up_are_different_patients() -> None:
    groups: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in PRODUCT["studies.csv"]:
        if not row["exclude_because"] and row["arm"] != "all":
            what = ("study_id", "outcome", "follow_up_months", "time_basis")
            groups.setdefault(tuple(row[c] for c in what), []).append(row)
    for rows in groups.values():
        assert len({row["arm"] for row in rows}) == len(rows)
        assert not any(row["arm"].startswith("finding:") for row in rows[1:])


def test_lebow_2011_splits_25_into_14_and_11_of_108() -> None:
    facts = {
        row["outcome"]: (row["events"], row["total"], row["printed_percent"])
        for row in EVERY
        if row["study_id"] == "lebow-2011"
    }
    assert facts == {
        "radiographic-recurrence": ("25", "108", "23.1"),
        "asymptomatic-radiographic-recurrence": ("14", "108", "13"),
        "symptomatic-recurrence": ("11", "108", "10.2"),
    }


def test_klessinger_2013a_has_no_relief_count_and_says_why() -> None:
    columns = ("events", "total", "printed_percent", "exclude_because")
    assert cells("klessinger-2013a.2", *columns) == ("", "", "26.8", "impossible-percentage")
    assert "69" in BY_ID["klessinger-2013a.2"]["exclude_detail"]
    assert cells("klessinger-2013a.1", *columns) == ("69", "479", "", "unconfirmed")


@pytest.mark.parametrize(
    ("row_id", "printed", "events", "total"),
    [
        ("son-2013.1", "63.6", "26", "44"),
        ("motov-2021.1", "85", "34", "39"),
        ("assiut-rct.10", "33.3", "3", "15"),
        ("wera-2008.1", "4.5", "12", "259"),
        ("daneyemez-1999.1", "7.92", "85", "1072"),
        ("corriero-2014.2", "2.2", "1", "44"),
        ("floris-1997.3", "80", "23", "30"),
        ("unseen-mhs-185.1", "10.3", "415", "3999"),
        ("centeno-2017.1", "6.3", "29", "470"),
    ],
)
def test_what_is_printed_stands_beside_what_was_counted(
    row_id: str, printed: str, events: str, total: str
) -> None:
    assert cells(row_id, "printed_percent", "events", "total") == (printed, events, total)
    assert printed in BY_ID[row_id]["notes"]


def test_lakkol_2011_has_42_patients_and_no_means() -> None:
    rows = [row for row in PRODUCT["scores.csv"] if row["study_id"] == "lakkol-2011"]
    assert [(row["n"], row["mean_before"], row["mean_after"]) for row in rows] == [
        ("42", "", "")
    ] * 3
    assert {row["exclude_because"] for row in rows} == {"no-mean"}


def test_weiner_2008_is_imaging_before_surgery() -> None:
    accuracy = [row for row in EVERY if row["study_id"] == "weiner-2008"][-1]
    assert (accuracy["outcome"], accuracy["events"], accuracy["total"]) == (
        "mri-accuracy",
        "35",
        "50",
    )
    assert accuracy["citation_verified"] == "yes"


def test_all_seven_cited_works_are_there() -> None:
    cited = {"klessinger-2013a", "lebow-2011", "lakkol-2011", "weiner-2008", "hussain-2013",
             "jeon-2012", "cramer-2012"}  # fmt: skip
    assert cited <= {row["study_id"] for row in EVERY}


def test_an_unseen_work_is_never_called_verified() -> None:
    unseen = [row for row in EVERY if row["study_id"].startswith("unseen-")]
    assert unseen
    assert {row["citation_verified"] for row in unseen} == {"no"}
