"""The addresses of studies.csv and scores.csv against the bibliography, and works there twice."""

from __future__ import annotations

import re

import pandas as pd

from ..tables.load import Tables
from .finding import Audit

CHECK = "reference"
_IN_ADDRESS = {
    "doi": re.compile(r"doi\.org/(10\.\d{4,9}/[^\s?#]+)", re.I),
    "pmid": re.compile(r"pubmed(?:\.ncbi\.nlm\.nih\.gov|/)/?(\d{1,9})", re.I),
}


def references(tables: Tables) -> list[Audit]:
    """A finding for every address that names another work, and every work that is there twice.

    The shapes of DOI, PMID and year are checked when the bibliography is read.
    """
    return [*_addresses(tables), *_twice(tables.references), *_years(tables.references)]


def _addresses(tables: Tables) -> list[Audit]:
    known = tables.references.set_index("study_id")
    found = []
    for table in (tables.studies, tables.scores):
        told = table[table["source_url"].notna() & (table["source_type"] != "secondary")]
        for study, address in told[["study_id", "source_url"]].drop_duplicates().to_numpy():
            for field, pattern in _IN_ADDRESS.items():
                match, own = pattern.search(address), known.loc[study, field]
                if match and own:
                    found.append(_compare(study, field.upper(), match[1], str(own)))
    return list(dict.fromkeys(found))


def _compare(study: str, field: str, read: str, own: str) -> Audit:
    said = f"address {read}, bibliography {own}"
    if read.rstrip("/.").lower() == own.lower():
        return Audit(CHECK, study, "agrees", "ok", f"the address names the work's {field}", said)
    return Audit(CHECK, study, "another work", "error", f"the address names another {field}", said)


def _twice(bibliography: pd.DataFrame) -> list[Audit]:
    found = []
    for field in ("doi", "pmid", "title"):
        given = bibliography[bibliography[field] != ""]
        for value, works in given.groupby(given[field].str.lower(), sort=False):
            if len(works) > 1:
                subject = " and ".join(works["study_id"])
                reason = f"two works have the same {field}: one report has two names"
                found.append(Audit(CHECK, subject, "there twice", "error", reason, str(value)))
    return found


def _years(bibliography: pd.DataFrame) -> list[Audit]:
    """Works whose name ends in another year than they have."""
    found = []
    for row in bibliography.to_dict("records"):
        named = re.search(r"-((?:19|20)\d\d)[a-z]?$", row["study_id"])
        if named and row["year"] and named[1] != row["year"]:
            reason = "the name has another year than the bibliography"
            said = f"name {named[1]}, bibliography {row['year']}"
            found.append(Audit(CHECK, row["study_id"], "another year", "warning", reason, said))
    return found
