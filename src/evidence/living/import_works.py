"""Works from RIS, BibTeX or PubMed's NBIB, as the fields of a BibTeX entry."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import rispy
from pybtex.database import BibliographyDataError, parse_string
from pybtex.scanner import PybtexSyntaxError

from ..errors import DataError
from ..tables.reading import problem, read_text

Fields = dict[str, str]
ORDER = ("author", "title", "journal", "year", "volume", "number", "pages", "doi", "pmid", "url",
          "note")  # fmt: skip
"""Every field that is kept, in the order in which it is written."""

_SPECIAL = re.compile(r"([&%$#_])")


def read_ris(path: Path) -> list[Fields]:
    """The works of a RIS file."""
    text = read_text(path).replace("\r\n", "\n")
    begun = len(re.findall(r"^TY  -", text, re.M))
    found = rispy.loads(text)
    if not found or len(found) != begun:  # rispy passes over a record without its end
        message = f"{begun} records begin with TY and {len(found)} end with ER; mend it"
        raise DataError([problem(path, 0, message)])
    return [_of_ris(entry) for entry in found]


def _of_ris(entry: dict[str, Any]) -> Fields:
    first = entry.get("authors") or entry.get("first_authors") or []
    pages = "--".join(entry[name] for name in ("start_page", "end_page") if entry.get(name))
    year = re.match(r"\d{4}", str(entry.get("year") or entry.get("publication_year") or ""))
    title = entry.get("title") or entry.get("primary_title") or ""
    journal = next((entry[name] for name in ("journal_name", "secondary_title",
                    "alternate_title3", "alternate_title1") if entry.get(name)), "")  # fmt: skip
    return {
        "author": " and ".join(_latex(name) for name in first),
        "title": _latex(title), "journal": _latex(journal), "year": year[0] if year else "",
        "volume": _latex(str(entry.get("volume", ""))),
        "number": _latex(str(entry.get("number", ""))), "pages": _latex(pages),
        "doi": _doi(str(entry.get("doi", ""))),
        "url": next(iter(entry.get("urls", [])), ""),
    }  # fmt: skip


def read_nbib(path: Path) -> list[Fields]:
    """The works of a file of PubMed's tagged format.

    A tag of up to four letters, a hyphen and a value; indented lines go on with the value. Read
    here, because the only parser on its own (nbib) has had no release since 2021.
    """
    records: list[dict[str, list[str]]] = []
    problems = []
    values: list[str] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        tagged = re.match(r"([A-Z]{2,4}) *- (.*)", line)
        if tagged:
            if tagged[1] == "PMID":
                records.append({})
            if not records:
                problems.append(problem(path, number, "stands before the first PMID"))
                break
            values = records[-1].setdefault(tagged[1], [])
            values.append(tagged[2].strip())
        elif line.startswith("      ") and values:
            values[-1] += f" {line.strip()}"
        elif line.strip():
            problems.append(problem(path, number, "is not a line of NBIB; export it again"))
    if not records and not problems:
        problems.append(problem(path, 0, "holds no record; an NBIB record begins with PMID-"))
    if problems:
        raise DataError(problems)
    return [_of_nbib(one) for one in records]


def _of_nbib(record: dict[str, list[str]]) -> Fields:
    def first(*tags: str) -> str:
        return next((record[tag][0] for tag in tags if record.get(tag)), "")

    ids = [one for tag in ("LID", "AID") for one in record.get(tag, [])]
    doi = next((one.removesuffix("[doi]").strip() for one in ids if one.endswith("[doi]")), "")
    year = re.match(r"\d{4}", first("DP", "DEP"))
    names = record.get("FAU") or [_surname_first(name) for name in record.get("AU", [])]
    return {
        "author": " and ".join(_latex(name) for name in names),
        "title": _latex(first("TI", "BTI").removesuffix(".")),
        "journal": _latex(first("TA", "JT")), "year": year[0] if year else "",
        "volume": _latex(first("VI")), "number": _latex(first("IP")),
        "pages": _latex(first("PG").replace("-", "--")), "doi": _doi(doi), "pmid": first("PMID"),
    }  # fmt: skip


def _surname_first(name: str) -> str:
    """PubMed's "Lebow RL" as BibTeX reads it: "Lebow, R. L."."""
    last, _, initials = name.rpartition(" ")
    return f"{last}, {' '.join(f'{letter}.' for letter in initials)}" if last else name


def read_bib(path: Path) -> list[Fields]:
    """The works of a BibTeX or BibLaTeX file."""
    try:
        entries = parse_string(read_text(path), "bibtex").entries
    except (PybtexSyntaxError, BibliographyDataError) as error:
        line = getattr(error, "lineno", None) or 0
        raise DataError([problem(path, line, f"is not BibTeX: {error}")]) from None
    found = []
    for entry in entries.values():
        people = " and ".join(str(person) for person in entry.persons.get("author", []))
        fields = {name.lower(): value for name, value in entry.fields.items()}
        if "journaltitle" in fields:
            fields.setdefault("journal", fields["journaltitle"])
        if "date" in fields:
            fields.setdefault("year", fields["date"][:4])
        fields["doi"] = _doi(fields.get("doi", ""))
        found.append({"author": people} | {n: fields[n] for n in ORDER if n in fields})
    return found


def entry_text(key: str, fields: Fields) -> str:
    """A BibTeX entry in the project's own layout; blank fields are left out."""
    kind = "article" if fields.get("journal") else "misc"
    lines = [f"  {name} = {{{fields[name]}}}," for name in ORDER if fields.get(name)]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"])


def _latex(text: str) -> str:
    """A text of another format with what BibTeX would read as commands escaped."""
    bare = text.replace("\\", " ").replace("{", "(").replace("}", ")")
    return _SPECIAL.sub(r"\\\1", " ".join(bare.split())).replace("~", " ").replace("^", " ")


def _doi(text: str) -> str:
    return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", text.strip(), flags=re.I)
