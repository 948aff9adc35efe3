"""`evidence sensitivity`, and the register that it runs."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from evidence import SynthesisError, answer, load
from evidence.cli import cli
from evidence.sensitivity.register import CHECKS, sturdiness
from tests.conftest import TOPIC


def run(*words):
    return CliRunner().invoke(cli, ["sensitivity", *words, "--data", str(TOPIC)])


def test_every_check_of_the_register_judges_by_a_rule():
    tables = load(TOPIC)
    found = sturdiness(answer("leaks", tables), tables)
    assert list(found) == list(CHECKS)
    for name, check in found.items():
        assert check.name == name
        assert re.match(r"(Held|Did not hold|No verdict): \w", check.verdict), check.verdict
        assert check.text and str(check).startswith(name.replace("_", " ").capitalize())


def test_the_command_prints_or_gives_json():
    plain = run("leaks", "--check", "leave_one_out")
    assert plain.exit_code == 0 and plain.output.startswith("Leave one out\n")
    parts = json.loads(run("leaks", "--json").output)
    assert [part["name"] for part in parts] == list(CHECKS)
    assert len(parts[0]["table"]) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pleased-reed"], "question 'pleased-reed': .* needs at least 3 studies; .* has 0"),
        (["leaks", "--check", "no"], "check 'no' is unknown; choose one of: leave_one_out"),
        (["nothing"], "question 'nothing' is unknown"),
    ],
)
def test_what_cannot_be_checked_is_named_with_its_count(words, said):
    done = run(*words)
    assert isinstance(done.exception, SynthesisError)
    assert re.search(said, str(done.exception))
