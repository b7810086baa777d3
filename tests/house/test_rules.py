"""Rules have numbers, and tests name them."""

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT

SPECS = sorted((ROOT / "docs" / "spec").glob("*.md"))
RULE = re.compile(r"\b([A-Z]{2,5}-\d+)\b")


def defined_in(spec: Path) -> list[str]:
    """A rule is defined where a paragraph begins with its number."""
    return re.findall(r"^(?:- |\*\*)?([A-Z]{2,5}-\d+)\b", spec.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_no_rule_is_defined_twice(spec: Path) -> None:
    rules = defined_in(spec)

    assert sorted(rules) == sorted(set(rules))


def test_every_rule_of_security_is_named_by_a_test() -> None:
    tests = " ".join(
        file.read_text("utf-8") for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)
    )
    named = set(RULE.findall(tests))
    rules = defined_in(ROOT / "docs" / "spec" / "security.md")

    assert rules
    assert [rule for rule in rules if rule not in named] == []
