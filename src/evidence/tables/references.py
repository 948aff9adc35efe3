"""The bibliography: parsed by pybtex, checked entry by entry, rendered as citations."""

from __future__ import annotations

import re
from pathlib import Path
from string import ascii_lowercase

import pandas as pd
from pybtex.database import BibliographyDataError, Entry, Person, parse_string
from pybtex.richtext import Text
from pybtex.scanner import PybtexSyntaxError

from ..errors import DataError, Problem
from .reading import problem, read_text

COLUMNS = ("study_id", "label", "citation", "authors", "title", "journal", "year", "doi", "pmid",
           "url", "note")  # fmt: skip

_ENTRY = re.compile(r"^[ \t]*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)", re.M | re.I)

_LATEX = re.compile(r"[\\{}$~%&#^_]|--|``|''")

_SHAPES = {
    "doi": (r"10\.\d{4,9}/\S+", "a DOI begins with 10. and has a stroke, such as 10.1097/abc"),
    "pmid": (r"[1-9]\d{0,8}", "a PMID is a number of up to nine digits, nothing else"),
    "year": (r"(19|20)\d\d", "a year has four digits, such as 2011"),
    "url": (r"https?://\S+", "an address begins with http:// or https://"),
}


def read_references(path: Path) -> pd.DataFrame:
    """One row per entry: its key as `study_id`, a short `label`, a full `citation`, and its fields.

    The label is unique: the authors, or the journal where none are given, and the year; BibTeX's
    `shorthand` goes before both. A field that the file does not have is an empty text.

    Raises:
        DataError: not BibTeX, a key used twice, or a field that cannot be what its name says.
    """
    text = read_text(path)
    first: dict[str, int] = {}
    twice = []
    for number, key in _keys(text):
        if first.setdefault(key, number) < number:
            message = f"key {key} is used on line {first[key]} already; keys are unique"
            twice.append(problem(path, number, message, key))
    if twice:
        raise DataError(twice)
    try:
        entries = parse_string(text, "bibtex").entries
    except PybtexSyntaxError as error:
        raise DataError([problem(path, error.lineno or 0, f"is not BibTeX: {error}")]) from None
    except BibliographyDataError as error:
        raise DataError([problem(path, 0, f"is not BibTeX: {error}")]) from None
    problems = [
        found for key, entry in entries.items() for found in _check(path, first.get(key, 0), entry)
    ]
    if problems:
        raise DataError(problems)
    rows = [_row(entry) for entry in entries.values()]
    return _distinct(pd.DataFrame(rows, columns=COLUMNS, dtype="str"))


def _distinct(references: pd.DataFrame) -> pd.DataFrame:
    """The bibliography with a letter after each label that several works would share."""
    shared = references["label"].duplicated(keep=False)
    order = references.groupby("label").cumcount()
    labels = []
    for label, number, twice in zip(references["label"], order, shared, strict=True):
        gap = "" if label[-1].isdigit() else " "
        labels.append(f"{label}{gap}{ascii_lowercase[number % 26]}" if twice else label)
    return references.assign(label=labels)


def _keys(text: str) -> list[tuple[int, str]]:
    """Line and key of every entry."""
    found = re.finditer(
        r"^[ \t]*@(?!comment|string|preamble)\w+\s*\{\s*([^,\s]+)", text, re.M | re.I
    )
    return [(text.count("\n", 0, match.start()) + 1, match[1]) for match in found]


def _check(path: Path, line: int, entry: Entry) -> list[Problem]:
    return [
        problem(path, line, f"{field} is {entry.fields[field]!r}; {hint}", entry.key)
        for field, (shape, hint) in _SHAPES.items()
        if field in entry.fields and not re.fullmatch(shape, entry.fields[field])
    ]


def _row(entry: Entry) -> dict[str, str]:
    wanted = ("title", "journal", "year", "volume", "pages", "doi", "pmid", "url", "note")
    fields = {name: _plain(entry.fields.get(name, "")) for name in wanted}
    people = entry.persons.get("author", [])
    authors, names = _authors(people), _label(people) or fields["journal"]
    shorthand = _plain(entry.fields.get("shorthand", ""))
    place = fields["journal"] + (f" {fields['volume']}" if fields["volume"] else "")
    place += f":{fields['pages']}" if fields["pages"] else ""
    parts = [authors, fields["title"], f"{place} {fields['year']}".strip()]
    parts.append(f"doi {fields['doi']}" if fields["doi"] else "")
    return {
        **{name: fields[name] for name in COLUMNS if name in fields},
        "study_id": entry.key,
        "label": shorthand or (f"{names} {fields['year']}".strip() if names else entry.key),
        "citation": _sentences(parts) or entry.key,
        "authors": authors,
    }


def _sentences(parts: list[str]) -> str:
    """The parts one after the other, each ended once; no full stop follows the last."""
    ended = [
        part if part.endswith(("?", "!")) else f"{part.rstrip('.')}." for part in parts if part
    ]
    return " ".join(ended).removesuffix(".")


def _authors(people: list[Person]) -> str:
    names = [_name(person) for person in people]
    if "et al" in names:
        names = names[: names.index("et al")]
        return f"{', '.join(names[:3])}, et al"
    return f"{', '.join(names[:3])}, et al" if len(names) > 4 else ", ".join(names)


def _name(person: Person) -> str:
    last = _last(person)
    if last == "others":
        return "et al"
    initials = "".join(_plain(name)[:1] for name in person.first_names + person.middle_names)
    return f"{last} {initials}".strip()


def _label(people: list[Person]) -> str:
    """Lebow; Weiner and Patel; never more than one name where there are three or more."""
    names = [_last(person) for person in people]
    if len(names) == 2 and names[1] != "others":
        return " and ".join(names)
    return names[0] if names else ""


def _last(person: Person) -> str:
    return _plain(" ".join(person.prelast_names + person.last_names + person.lineage_names))


def _plain(latex: str) -> str:
    """LaTeX escapes and braces as the characters they stand for."""
    if not _LATEX.search(latex):  # most fields: decoding them would take longer than all the rest
        return latex.strip()
    return str(Text.from_latex(latex)).strip()
