"""What the session has now, in another form, over HTTP: the route beside Jupyter's own."""

import httpx
import pytest

from tests.e2e.conftest import Server


def test_an_export_is_what_the_session_has_as_an_attachment(
    server: Server, api: httpx.Client
) -> None:  # FMT-14
    server.write("shown.ipynb", "%%md\n# Ünder", "print(1)")
    opened = api.post("/api/v1/notebooks", json={"path": "shown.ipynb"}).json()
    address = f"/api/v1/notebooks/{opened['notebook_id']}/export"

    for form, ending, held in (
        ("html", "html", "<h1>Ünder</h1>"),
        ("markdown", "md", "# Ünder"),
        ("script", "py", "print(1)"),
        ("percent", "py", "# %% [markdown]"),
        ("ipynb", "ipynb", '"nbformat_minor": 5'),
    ):
        answer = api.get(address, params={"to": form})
        assert answer.status_code == 200, answer.text
        assert held in answer.content.decode()
        said = answer.headers["content-disposition"]
        assert said == f"attachment; filename*=UTF-8''shown.{ending}"
        assert "sandbox" in answer.headers["content-security-policy"]
    refused = api.get(address, params={"to": "docx"})
    assert refused.status_code == 400
    assert "html" in refused.json()["message"]


@pytest.mark.parametrize("name", ["n", "..%2f..", "0" * 32])
def test_there_is_nothing_to_export_of_what_is_not_open(
    api: httpx.Client, name: str
) -> None:  # FMT-14
    assert api.get(f"/api/v1/notebooks/{name}/export", params={"to": "html"}).status_code == 404
