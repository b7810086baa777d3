"""Every refusal has a code that is documented, and a sentence."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CORE = ROOT / "src" / "tailrace" / "core"


def test_every_code_the_core_refuses_with_is_in_the_reference() -> None:
    used = {
        code
        for path in CORE.glob("*.py")
        for code in re.findall(r'refused\(\s*"([a-z.-]+)"', path.read_text("utf-8"))
    }
    reference = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    section = reference.split("## Refusals")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `([a-z.-]+)`", section, re.MULTILINE))

    assert used
    assert used == documented
