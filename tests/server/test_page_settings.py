"""What was chosen for the page is kept on the server, typed, and nothing else is lost."""

import json
import stat
from pathlib import Path

import httpx
import pytest

from tailrace.page_settings import PageSettingsFile
from tailrace.protocol.errors import RequestError, SettingsError
from tests.server.conftest import TOKEN
from tests.server.site import Site


@pytest.fixture
def page(site: Site) -> httpx.Client:
    return site.program(TOKEN)


def test_what_one_page_chooses_all_are_told(site: Site, page: httpx.Client) -> None:  # PAGE-12
    before = page.get("/api/v1/settings").json()
    assert before["theme"] == "system"

    changed = page.put("/api/v1/settings", json={"theme": "dark", "autosave": False})

    assert changed.status_code == 200
    assert changed.json() == {**before, "theme": "dark", "autosave": False}
    assert site.browser().get("/api/v1/settings").json() == changed.json()
    assert [settings.autosave for settings in site.application.applied] == [False]


def test_a_value_that_will_not_do_changes_nothing(site: Site, page: httpx.Client) -> None:
    for wrong in ({"theme": "pink"}, {"font_size": 500}, {"shortcuts": {"run": "X"}}):
        answer = page.put("/api/v1/settings", json={"wrap": False, **wrong})

        assert answer.status_code == 400
        assert page.get("/api/v1/settings").json()["wrap"] is True
    assert page.put("/api/v1/settings", json=[1]).status_code == 400
    assert site.application.applied == []


def test_null_goes_back_to_the_default(page: httpx.Client) -> None:
    page.put("/api/v1/settings", json={"font_size": 20})

    assert page.put("/api/v1/settings", json={"font_size": None}).json()["font_size"] == 13


def test_what_this_version_does_not_know_is_kept(tmp_path: Path) -> None:  # PAGE-12
    path = tmp_path / "config" / "page.json"
    file = PageSettingsFile(path)
    file.change({"theme": "light", "of_a_later_version": {"a": 1}})

    file.change({"theme": "dark"})

    kept = json.loads(path.read_text())
    assert kept == {"of_a_later_version": {"a": 1}, "theme": "dark"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_wrong_value_in_the_file_is_the_default(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text('{"font_size": "huge", "wrap": false}')

    read = PageSettingsFile(path).read()

    assert (read.font_size, read.wrap) == (13, False)


def test_a_broken_file_is_told_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text('{"font_size": ')
    file = PageSettingsFile(path)

    with pytest.raises(SettingsError, match="no JSON"):
        file.read()
    with pytest.raises(SettingsError, match="no JSON"):
        file.change({"wrap": False})
    assert path.read_text() == '{"font_size": '


def test_more_than_fits_is_refused(tmp_path: Path) -> None:
    file = PageSettingsFile(tmp_path / "page.json")

    with pytest.raises(RequestError, match="more than"):
        file.change({"shortcuts": {f"command-{n}": ["Ctrl+Alt+X"] for n in range(5_000)}})
    assert file.read().shortcuts == {}
