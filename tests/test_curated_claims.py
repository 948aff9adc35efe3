"""The claims in data/ against the curated extract in tests/curated/, claim by claim."""

import pytest

from tests.test_curated import CURATED, DATA, OTHER_ID, read

SAME = {  # curated column -> product column
    "source_file": "source_file",
    "quantity": "quantity",
    "reported_value": "value",
    "reported_low": "low",
    "reported_high": "high",
    "unit": "unit",
    "qualifier": "qualifier",
    "checkable": "checkable",
}
PRODUCT = {row["claim_id"]: row for row in read(DATA / "claims.csv")}


def test_every_curated_claim_is_in_the_product_unchanged() -> None:
    extract = read(CURATED / "claims.csv")
    assert [row["claim_id"] for row in extract] == list(PRODUCT)
    assert len(extract) == 87
    for row in extract:
        mine = PRODUCT[row["claim_id"]]
        assert mine["study_id"] == OTHER_ID.get(row["cited_study_id"], row["cited_study_id"])
        changed = {c: (row[c], mine[p]) for c, p in SAME.items() if row[c] != mine[p]}
        assert not changed, row["claim_id"]


def test_claims_of_the_five_articles_are_counted_as_curated() -> None:
    counts: dict[str, int] = {}
    for row in PRODUCT.values():
        counts[row["source_file"]] = counts.get(row["source_file"], 0) + 1
    assert sorted(counts.values()) == [7, 8, 11, 21, 40]
    assert sum(row["checkable"] == "yes" for row in PRODUCT.values()) == 79
    assert sum(row["study_id"] != "" for row in PRODUCT.values()) == 25


def test_every_claim_is_paraphrased_in_words_of_its_own_with_a_note() -> None:
    texts = [row["claim"] for row in PRODUCT.values()]
    assert len(set(texts)) == len(texts)
    assert all(row["claim"].endswith(".") and row["notes"] for row in PRODUCT.values())


def test_every_judgement_has_reason_and_reviewer() -> None:
    judged = [row for row in PRODUCT.values() if row["judgement"]]
    assert len(judged) > 10
    assert all(row["because"] and row["reviewer"] == "curators" for row in judged)


@pytest.mark.parametrize("repeat, first", [("c033", "c001"), ("c035", "c003"), ("c079", "c058")])
def test_claims_that_repeat_another_say_so(repeat: str, first: str) -> None:
    assert PRODUCT[repeat]["same_as"] == first
