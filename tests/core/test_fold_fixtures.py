"""The stories under `fixtures/folds/`: what two languages agree on."""

import json
import sys
from pathlib import Path

import msgspec
import pytest

from tailrace.core.step import evolve
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

ROOT = Path(__file__).parent.parent.parent
FILES = sorted((ROOT / "fixtures" / "folds").glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_records_fold_to_the_state_written_down(path: Path) -> None:
    story = json.loads(path.read_bytes())
    records = msgspec.convert(story["records"], tuple[Record, ...])
    wanted = msgspec.convert(story["state"], SessionState)

    state = SessionState()
    for record in records:
        state = evolve(state, record)

    assert state == wanted


def test_the_files_are_what_the_stories_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    write_folds = __import__("write_folds")
    try:
        assert write_folds.differing() == [], "run: python tools/write_folds.py"
    finally:
        for name in ("write_folds", "fold_stories"):
            sys.modules.pop(name, None)
