"""What several test files share: a small topic of another subject, in a folder to break."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
TOPIC = ROOT / "tests" / "topic"

settings.register_profile("project", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("project")


@pytest.fixture(autouse=True)
def _no_named_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader's own settings must not decide a test."""
    monkeypatch.delenv("EVIDENCE_DATA", raising=False)


@pytest.fixture
def topic(tmp_path: Path) -> Path:
    """A copy of the made-up topic that a test may change."""
    return Path(shutil.copytree(TOPIC, tmp_path / "data"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """In CI a skipped test is a failed run: there it looks like a pass."""
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        raise pytest.UsageError(f"{report.nodeid} was skipped, and CI is set: {report.longrepr}")
