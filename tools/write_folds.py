"""Write `fixtures/folds/*.json` from `tools/fold_stories.py`: `python tools/write_folds.py`.

With `--check` nothing is written; the exit code says whether the files are up to date.
Each file is `{"name", "rules", "records", "state"}`: folding the records from an empty
state gives the state. The TypeScript fold runs the same files.
"""

import re
import sys
from pathlib import Path

import msgspec
from fold_stories import Story, stories

from tailrace.core.step import evolve
from tailrace.protocol.state import SessionState

FOLDER = Path(__file__).parent.parent / "fixtures" / "folds"
LIMIT_BYTES = 300_000


def file_name(story: Story) -> str:
    return re.sub(r"[^a-z0-9]+", "-", story.name.lower()).strip("-") + ".json"


def content(story: Story) -> bytes:
    state = SessionState()
    for record in story.records:
        state = evolve(state, record)
    whole = {
        "name": story.name,
        "rules": story.rules,
        "records": story.records,
        "state": state,
    }
    written = msgspec.json.format(msgspec.json.encode(whole, order="deterministic"), indent=1)
    if len(written) > LIMIT_BYTES:
        raise ValueError(f"{story.name}: {len(written)} bytes is too large for a fixture")
    return written + b"\n"


def wanted() -> dict[str, bytes]:
    return {file_name(story): content(story) for story in stories()}


def differing(folder: Path = FOLDER) -> list[str]:
    """Names of the files that are missing, outdated or left over."""
    files = wanted()
    there = {path.name: path.read_bytes() for path in folder.glob("*.json")}
    return sorted(name for name in {*files, *there} if files.get(name) != there.get(name))


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        stale = differing()
        for name in stale:
            print(f"{name} is not what tools/write_folds.py writes")
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    files = wanted()
    for path in FOLDER.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, written in files.items():
        (FOLDER / name).write_bytes(written)
    print(f"{len(files)} stories in {FOLDER.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
