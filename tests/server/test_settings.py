"""Where a choice is read from, and what is said of one that makes no sense."""

import os
import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.folders import RUN_LIMIT, made, state_folders
from tailrace.protocol.errors import SettingsError
from tailrace.settings import DEFAULT_PORT, field_types, load_settings


def test_the_command_line_wins_over_the_environment_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('port = 1\nhost = "::1"\nautosave_s = 7')
    environ = {"TAILRACE_PORT": "2", "TAILRACE_HOST": "localhost"}

    settings = load_settings({"port": 3, "host": None}, environ=environ, file=file)

    assert (settings.port, settings.host, settings.autosave_s) == (3, "localhost", 7)


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load_settings({}, environ={}, file=tmp_path / "missing.toml")

    assert (settings.port, settings.port_retries) == (DEFAULT_PORT, 50)
    assert settings.root == Path.cwd()
    assert (settings.on_interrupt, settings.on_terminate) == ("stop-idle", "keep")


def test_who_names_a_port_wants_that_one() -> None:
    assert load_settings({"port": 9000}, environ={}).port_retries == 0
    assert load_settings({}, environ={"TAILRACE_PORT": "9000"}).port_retries == 0
    assert load_settings({"port": 9000, "port_retries": 5}, environ={}).port_retries == 5


def test_lists_are_separated_by_commas_or_spaces() -> None:
    environ = {"TAILRACE_ALLOWED_HOSTS": "a.example, B.example. c.example"}

    assert load_settings({}, environ=environ).allowed_hosts == (
        "a.example",
        "b.example",
        "c.example",
    )


@pytest.mark.parametrize(
    ("written", "meant"), [("lab", "/lab/"), ("/lab", "/lab/"), ("/a/b/", "/a/b/"), ("/", "/")]
)
def test_a_base_url_has_one_spelling(written: str, meant: str) -> None:
    assert load_settings({"base_url": written}, environ={}).base_url == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "x"),
        ("port", "70000"),
        ("port", "-1"),
        ("base_url", "/a b/"),
        ("base_url", "/../"),
        ("base_url", '/"><script>/'),
        ("allowed_hosts", "a.example:80"),
        ("allowed_hosts", "*"),
        ("allowed_origins", "a.example"),
        ("allowed_origins", "https://*.example"),
        ("allowed_origins", "https://a.example/path"),
        ("allowed_origins", "null"),
        ("token", "two words"),
        ("token", "tokén"),
        ("on_interrupt", "maybe"),
        ("log_quota_bytes", "1"),
        ("idle_stop_after_s", "-1"),
        ("no_browser", "perhaps"),
        ("log_level", "loud"),
    ],
)
def test_what_makes_no_sense_is_named_with_its_source(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({}, environ={f"TAILRACE_{name.upper()}": value})

    assert str(refused.value).startswith(name)
    assert "the environment" in str(refused.value)
    if name == "token":
        assert value not in str(refused.value)


@pytest.mark.parametrize("text", ["port = ", "prot = 3", '"port" = "x"', "\udcff"])
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(SettingsError, match=re.escape(file.name)):
        load_settings({}, environ={}, file=file)


@given(st.dictionaries(st.sampled_from(list(field_types())), st.text(max_size=20)))
def test_any_text_gives_settings_or_a_sentence(chosen: dict[str, str]) -> None:
    environ = {f"TAILRACE_{name.upper()}": value for name, value in chosen.items()}
    try:
        settings = load_settings({}, environ=environ)
    except SettingsError as problem:
        said = str(problem)
    else:
        said = "will not do" if settings.port > 65535 else ""
        assert settings.base_url == f"/{settings.base_url.strip('/')}/".replace("//", "/")
    assert "will not do" in said or not said


# ── folders ──────────────────────────────────────────────────────────────────


def test_one_variable_holds_all_folders(tmp_path: Path) -> None:
    folders = state_folders({"TAILRACE_HOME": "/h"})

    assert (folders.state, folders.config, folders.run) == (
        Path("/h/state"),
        Path("/h/config"),
        Path("/h/run"),
    )


def test_without_it_the_xdg_folders_do() -> None:
    folders = state_folders({"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "not/absolute"})

    assert folders.state == Path("/s/tailrace")
    assert folders.run == Path("/s/tailrace/run")
    assert folders.config == Path.home() / ".config/tailrace"


@given(st.text("abcdé", min_size=1, max_size=120), st.text("abcdé", min_size=1, max_size=120))
def test_sockets_always_have_room_below_the_run_folder(one: str, other: str) -> None:
    first, second = (state_folders({"TAILRACE_HOME": f"/{home}"}).run for home in (one, other))

    for run in (first, second):
        assert len(os.fsencode(run)) <= RUN_LIMIT
    assert (first == second) == (one == other)


def test_asking_for_the_folders_makes_none(tmp_path: Path) -> None:
    state_folders({"TAILRACE_HOME": str(tmp_path / "home")})

    assert list(tmp_path.iterdir()) == []


def test_folders_are_for_their_owner_only(tmp_path: Path) -> None:  # SEC-21
    inner = made(tmp_path / "a/b/c")
    inner.chmod(0o755)
    made(inner)

    for folder in (inner, inner.parent, inner.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match="TAILRACE_HOME"):
        made(tmp_path / "file/inner")


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:  # SEC-21
    theirs = Path("/usr")  # root's; where we are root, one that is given away
    if os.getuid() == 0:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        os.chown(theirs, 12345, 12345)

    with pytest.raises(SettingsError, match="another user"):
        made(theirs)


def test_state_lies_where_the_system_keeps_it() -> None:
    here = state_folders({"XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "/c"}, platform="linux")
    there = state_folders({"LOCALAPPDATA": "/Users/ada/AppData/Local"}, platform="win32")

    assert (here.state, here.config) == (Path("/s/tailrace"), Path("/c/tailrace"))
    local = Path("/Users/ada/AppData/Local/tailrace")
    assert (there.state, there.config) == (local / "state", local / "config")
