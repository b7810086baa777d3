"""The commands that end by themselves, and what they say when they cannot do what is asked."""

import json
from pathlib import Path

import pytest

from tests.cli.terminal import tailrace, write_notebook


def test_help_lists_every_command_and_imports_none_of_them(home: Path, tmp_path: Path) -> None:
    shown = tailrace(home, "--help")

    assert shown.returncode == 0
    for name in ("open", "run", "url", "kernels", "export", "doctor"):
        assert f"\n  {name} " in shown.stdout
    assert tailrace(home, "--version").stdout.startswith("tailrace ")


@pytest.mark.parametrize("name", ["open", "run", "url", "kernels", "export", "doctor"])
def test_every_command_explains_itself(home: Path, tmp_path: Path, name: str) -> None:
    shown = tailrace(home, name, "--help")

    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"Usage: tailrace {name}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.ipynb"], "there is no missing.ipynb"),
        (["notes.txt"], "is no notebook"),
        (["--port", "70000"], "port 70000 from the command line will not do"),
        (["--base-url", "/a b/"], "base_url"),
        (["--port", "x"], "'x' is not a valid integer"),
        (["--no-such-option"], "No such option"),
        (["kernels", "stop"], "name the kernels to stop"),
        (["kernels", "stop", "nothing"], "no living kernel with an ID like 'nothing'"),
        (["export", "bad.ipynb", "--to", "html"], "tailrace: "),
        (["export", "good.ipynb"], "say what to write"),
        (["export", "good.ipynb", "--to", "markdown", "-o", "notes.txt"], "--force replaces it"),
        (["run", "missing.ipynb"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    home: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "bad.ipynb").write_text("{")
    write_notebook(tmp_path / "good.ipynb", "1")

    refused = tailrace(home, *arguments, cwd=tmp_path)

    assert refused.returncode == 2
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (tmp_path / "notes.txt").read_text() == "x"


def test_a_setting_that_makes_no_sense_stops_the_start(home: Path, tmp_path: Path) -> None:
    refused = tailrace(home, TAILRACE_ON_INTERRUPT="maybe")

    assert refused.returncode == 2
    assert refused.stderr == (
        "tailrace: on_interrupt 'maybe' from the environment will not do:"
        " one of keep, stop-idle, stop\n"
    )


def test_asking_changes_nothing(home: Path, tmp_path: Path) -> None:
    for arguments in (["kernels"], ["url"], ["doctor"], ["--help"]):
        tailrace(home, *arguments, cwd=tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("form", "suffix", "holds"),
    [
        ("script", ".py", "# %%\nprint('<b>')"),
        ("markdown", ".md", "```python\nprint('<b>')\n```"),
        ("html", ".html", "print(&#x27;&lt;b&gt;&#x27;)"),
    ],
)
def test_a_notebook_is_exported_beside_itself_or_to_the_terminal(
    home: Path, tmp_path: Path, form: str, suffix: str, holds: str
) -> None:
    write_notebook(tmp_path / "n.ipynb", "print('<b>')")
    before = (tmp_path / "n.ipynb").read_bytes()

    written = tailrace(home, "export", "n.ipynb", "--to", form, cwd=tmp_path)
    shown = tailrace(home, "export", "n.ipynb", "--to", form, "-o", "-", cwd=tmp_path)
    again = tailrace(home, "export", "n.ipynb", "-o", f"n{suffix}", cwd=tmp_path)

    assert written.returncode == shown.returncode == 0, written.stderr
    assert holds in (tmp_path / f"n{suffix}").read_text()
    assert shown.stdout == (tmp_path / f"n{suffix}").read_text()
    assert again.returncode == 2
    assert (tmp_path / "n.ipynb").read_bytes() == before


def test_the_doctor_looks_at_everything_and_says_what_to_do(home: Path, tmp_path: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config/settings.toml").write_text("prot = 1")

    found = tailrace(home, "doctor", "--json", TAILRACE_TYPO="1")

    findings = json.loads(found.stdout)
    by_subject = {finding["subject"]: finding for finding in findings}
    assert found.returncode == 1
    assert by_subject["packages"]["state"] == "ok"
    assert {"tailrace", "state", "config", "run", "disk", "sockets", "page", "port"} <= set(
        by_subject
    )
    settings = [finding for finding in findings if finding["subject"] == "settings"]
    assert [finding["state"] for finding in settings] == ["fail", "warn"]
    assert "'prot', which is no setting" in settings[0]["message"]
    assert "TAILRACE_TYPO" in settings[1]["message"]
    for finding in findings:
        assert finding["state"] == "ok" or finding["advice"], finding

    table = tailrace(home, "doctor").stdout
    assert "fail  settings" in table
