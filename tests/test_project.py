"""What the project promises about itself: its files agree with each other and with the code."""

from __future__ import annotations

import ast
import doctest
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import evidence
from evidence import load
from evidence.tables.dictionary import dictionary
from tests.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def named(requirement: str) -> tuple[str, str]:
    """A requirement's name, in its canonical spelling, and its bounds."""
    name, bounds = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()
    return re.sub(r"[-_.]+", "-", name).lower(), bounds


def pinned(name: str) -> dict[str, str]:
    """Name and version of every line of a lock."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.M))


def tracked() -> list[Path]:
    found = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [ROOT / name for name in found.stdout.splitlines() if (ROOT / name).is_file()]


def test_conda_users_get_the_same_packages_and_bounds() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    (pip,) = [one["pip"] for one in conda if isinstance(one, dict)]
    plain = [one for one in conda if isinstance(one, str) and one != "pip"]
    listed = dict(named(one) for one in [*plain, *pip] if not one.startswith("-e "))
    wanted = dict(
        map(named, [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]])
    )
    wanted["python"] = PROJECT["project"]["requires-python"]
    assert listed == wanted


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_pins_every_dependency_by_hash_and_names_no_registry(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
    if name == "requirements-dev.txt":
        wanted = wanted + PROJECT["dependency-groups"]["dev"]
    assert {named(one)[0] for one in wanted} <= {named(one)[0] for one in pinned(name)}
    assert text.count("--hash=sha256:") >= len(pinned(name))
    assert "://" not in text and "--index" not in text


def test_the_two_locks_agree() -> None:
    user, developer = (
        dict(
            re.findall(r"^([\w.-]+)==([^\s;\\]+)", (ROOT / name).read_text(encoding="utf-8"), re.M)
        )
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {name: developer.get(name) for name in user} == user


def test_every_dependency_is_justified() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    every = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    stems = {named(one)[0].removeprefix("pytest-").removesuffix("-stubs") for one in every}
    stems = {stem.removesuffix("-playwright-python") for stem in stems}
    assert not [stem for stem in stems if stem not in text.replace("flit_core", "flit-core")]


def test_versions_agree() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == evidence.__version__
    assert cited["license"] == PROJECT["project"]["license"]


def test_readme_runs() -> None:
    failed, tried = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, encoding="utf-8",
        optionflags=doctest.NORMALIZE_WHITESPACE,
    )  # fmt: skip
    assert tried > 5 and failed == 0


def test_readme_figure_and_dictionary_are_current(tmp_path: Path) -> None:
    from evidence import Provenance, answer, forest, save_figure

    tables = load()
    assert (ROOT / "data/README.md").read_text(encoding="utf-8") == dictionary(tables), (
        "run `make docs`"
    )
    found = answer("symptomatic-recurrence", tables)
    drawn = forest(found.synthesis, title=found.question.title)
    source = Provenance(found.question.key, tables.fingerprint)
    fresh = save_figure(drawn, tmp_path / "symptomatic-recurrence.svg", provenance=source)
    committed = ROOT / "docs" / "symptomatic-recurrence.svg"
    assert fresh.read_bytes() == committed.read_bytes(), "run `make docs`"


def test_readme_counts_are_those_of_the_data() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{len(load().questions)} questions" in text


def test_every_public_name_exists_and_is_sorted() -> None:
    assert sorted(evidence._HOME) == list(evidence._HOME)
    for name in evidence.__all__:
        assert getattr(evidence, name) is not None
    assert set(evidence.__all__) <= set(dir(evidence))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = evidence.nothing


def test_import_changes_nothing_around_it() -> None:
    code = """
import json, sys, warnings
import numpy, matplotlib, pandera.pandas, scipy.optimize, scipy.special
before = (list(warnings.filters), numpy.geterr(), list(dict.items(matplotlib.rcParams)))
import evidence
for name in evidence.__all__:
    getattr(evidence, name)
after = (list(warnings.filters), numpy.geterr(), list(dict.items(matplotlib.rcParams)))
names = ("warning filters", "numpy's error state", "matplotlib's settings")
print(json.dumps([n for n, b, a in zip(names, before, after) if a != b] + [
    name for name in ("matplotlib.pyplot", "statsmodels", "nbclient") if name in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == []


def test_no_subject_lives_in_the_library() -> None:
    """Examples in docstrings and in `--help` may name the project's own data; code may not."""
    subject = re.compile(r"back.?surg|fbss|discectom|herniat|lumbar|spinal|lebow|recurr", re.I)
    for path in sorted((ROOT / "src").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) or "_examples" in ast.unparse(node)[:20]:
                for inner in ast.walk(node):
                    inner.lineno = 0  # a docstring or the examples of a command
        for node in ast.walk(tree):
            named = getattr(node, "id", getattr(node, "attr", getattr(node, "name", "")))
            text = node.value if isinstance(node, ast.Constant) else named
            text = str(text).replace("fbss-evidence", "")  # what the package is called
            if getattr(node, "lineno", 0) and subject.search(text):
                pytest.fail(f"{path.name}:{node.lineno}: {text}")


def test_committed_text_names_no_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path.suffix not in (".png", ".pdf", ".tiff")
        for match in [re.search(r"/(home|root|tmp|work)/[\w.]+/", path.read_text(encoding="utf-8"))]
        if match and path.name != "test_project.py"
    ]
    assert found == []


@pytest.mark.parametrize("target", ["report", "test", "lab", "check", "clean"])
def test_make_has_the_target_and_helps(target: str) -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True)
    assert re.search(rf"^  make {target}\s+\w", done.stdout, re.M)
