"""What Jupyter's server API says of itself, its kernels and sessions, and to whom."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tailrace.assembly import Application
from tailrace.folders import StateFolders
from tailrace.server.jupyter.server_routes import jupyter_routes
from tailrace.server.permissions import DeclaredRoute, DeclaredWebSocketRoute, walk
from tailrace.settings import load_settings
from tests.e2e.conftest import TOKEN, Server
from tests.jupyter.client import Client


def started(api: httpx.Client, **wanted: Any) -> dict[str, Any]:
    answer = api.post("/api/kernels", json={"name": "python3", **wanted})
    assert answer.status_code == 201, answer.text
    model: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/kernels/{model['id']}"
    return model


def opened(api: httpx.Client, path: str, **wanted: Any) -> dict[str, Any]:
    answer = api.post("/api/sessions", json={"path": path, "type": "notebook", **wanted})
    assert answer.status_code == 201, answer.text
    model: dict[str, Any] = answer.json()
    return model


def test_the_server_says_what_it_is(api: httpx.Client) -> None:  # JUP-20
    assert api.get("/api").json()["version"] == "2.17.0"
    status = api.get("/api/status").json()
    assert set(status) == {"started", "last_activity", "connections", "kernels"}
    asked = {"permissions": json.dumps({"contents": ["read", "write", "fly"], "x": []})}
    me = api.get("/api/me", params=asked).json()
    assert set(me["identity"]) >= {"username", "name", "display_name", "initials"}
    granted = {"contents": ["read", "write"], "x": [], "updatable_fields": []}
    assert me["permissions"] == granted
    assert api.get("/api/me", params={"permissions": "[]"}).status_code == 400
    described = yaml.safe_load(api.get("/api/spec.yaml").text)
    assert "/contents/{path}" in described["paths"]


def test_a_kernel_knows_the_file_of_its_notebook(
    server: Server, api: httpx.Client
) -> None:  # KER-21
    path = api.post("/api/contents", json={"type": "notebook"}).json()["path"]
    session = opened(api, path, kernel={"name": "python3"})
    with Client(server.base, session["kernel"]["id"]) as client:
        messages = client.run("import os; print(os.environ['JPY_SESSION_NAME'])")
    assert "".join(m.content.get("text", "") for m in messages) == f"{server.folder / path}\n"
    api.delete(f"/api/sessions/{session['id']}")


def test_what_is_not_offered_is_not_found(api: httpx.Client) -> None:  # JUP-20
    for path in ("/api/terminals", "/api/nbconvert", "/api/config/notebook", "/api/none"):
        assert api.get(path).status_code == 404, path


def test_kernelspecs_have_their_resources(api: httpx.Client) -> None:  # JUP-20
    specs = api.get("/api/kernelspecs").json()
    python = specs["kernelspecs"][specs["default"]]

    assert (python["name"], python["spec"]["language"]) == ("python3", "python")
    assert api.get("/api/kernelspecs/python3").json() == python
    assert api.get("/api/kernelspecs/none").status_code == 404
    for address in python["resources"].values():
        assert api.get(address).headers["content-type"].startswith("image/svg")
    assert api.get("/kernelspecs/python3/..%2fapi.yaml").status_code == 404


def test_a_kernel_of_no_notebook_lives_and_is_forgotten(
    server: Server, api: httpx.Client
) -> None:  # JUP-22, JUP-23
    (server.folder / "work").mkdir(exist_ok=True)
    model = started(api, path="work/some.ipynb")

    assert (model["name"], model["execution_state"]) == ("python3", "idle")
    assert api.get(f"/api/kernels/{model['id']}").json()["id"] == model["id"]
    with Client(server.base, model["id"]) as client:
        shown = client.run("import os; os.getcwd()")[2].content["data"]["text/plain"]
    assert shown == repr(str(server.folder / "work"))
    assert model["id"] not in [each["kernel"]["id"] for each in api.get("/api/sessions").json()]
    assert api.delete(f"/api/kernels/{model['id']}").status_code == 204
    assert api.get(f"/api/kernels/{model['id']}").status_code == 404
    assert api.delete(f"/api/kernels/{model['id']}").status_code == 404
    assert list((server.home / "state" / "consoles").rglob("*.ipynb")) == []


def test_a_client_may_name_its_kernel(api: httpx.Client) -> None:  # JUP-22
    wanted = "11111111-2222-4333-8444-555555555555"
    assert started(api, kernel_id=wanted)["id"] == wanted

    taken = api.post("/api/kernels", json={"kernel_id": wanted})
    assert (taken.status_code, wanted in taken.json()["message"]) == (409, True)
    for unfit in ("../../x", ".", "a" * 65, "a/b", 5):
        assert api.post("/api/kernels", json={"kernel_id": unfit}).status_code == 400
    assert api.delete(f"/api/kernels/{wanted}").status_code == 204


def test_a_kernel_of_another_language_is_offered_and_runs(
    server: Server, api: httpx.Client
) -> None:  # JUP-25, JUP-22
    offered = api.get("/api/kernelspecs").json()["kernelspecs"]
    assert offered["bash"]["spec"]["language"] == "bash"
    assert "broken" not in offered

    model = started(api, name="bash")
    assert model["name"] == "bash"
    with Client(server.base, model["id"]) as client:
        info = client.ask("kernel_info_request", {})
        assert info["language_info"]["name"] == "bash"
        messages = client.run("echo $((6 * 7))")
        assert "".join(m.content.get("text", "") for m in messages) == "42\n"
    console = {"kernel": {"id": model["id"]}, "path": "languages", "type": "console"}
    session = api.post("/api/sessions", json=console).json()
    address = f"/api/sessions/{session['id']}"
    changed = api.patch(address, json={"kernel": {"name": "python3"}}).json()["kernel"]
    assert (changed["id"], changed["name"]) == (model["id"], "python3")
    assert api.delete(f"/api/kernels/{model['id']}").status_code == 204


def test_a_restarted_kernel_keeps_its_id_and_loses_its_names(
    server: Server, api: httpx.Client
) -> None:  # JUP-22, JUP-18
    model = started(api)
    with Client(server.base, model["id"]) as client:
        client.run("x = 1")
        again = api.post(f"/api/kernels/{model['id']}/restart")
        assert (again.status_code, again.json()["id"]) == (200, model["id"])
        client.until("status", None, execution_state="starting")
        client.until("status", None, execution_state="idle")
        messages = client.run("x")
        assert messages[1].content["execution_count"] == 1
        assert messages[-2].content["ename"] == "NameError"
        assert api.post(f"/api/kernels/{model['id']}/interrupt").status_code == 204
        api.delete(f"/api/kernels/{model['id']}")
        client.until("status", None, execution_state="dead")


def test_an_unknown_kernel_is_named(api: httpx.Client) -> None:  # JUP-21
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/restart"), ("POST", "/interrupt")):
        answer = api.request(method, f"/api/kernels/none{path}")
        assert answer.status_code == 404
        assert set(answer.json()) == {"message", "reason", "code"}
    answer = api.post("/api/kernels", json={"name": "cobol"})
    assert answer.status_code == 500
    assert "cobol" in answer.json()["message"]
    wanted = {"path": "x", "type": "notebook", "kernel": {"name": "cobol"}}
    answer = api.post("/api/sessions", json=wanted)
    assert (answer.status_code, answer.json()["short_message"]) == (501, "'cobol' not found")


def test_a_path_has_the_session_of_its_notebook(
    server: Server, api: httpx.Client
) -> None:  # JUP-22
    server.write("bound.ipynb", "1")
    model = opened(api, "bound.ipynb", name="bound.ipynb", kernel={"name": "python3"})

    assert (model["path"], model["type"], model["notebook"]["path"]) == (
        "bound.ipynb",
        "notebook",
        "bound.ipynb",
    )
    assert opened(api, "bound.ipynb")["id"] == model["id"]
    theirs = "bound-jvsc-1e3e33c2-8f11-4bd4-a8a4-8a7a2b9cb2e5.ipynb"
    assert opened(api, theirs)["kernel"]["id"] == model["kernel"]["id"]
    listed = {each["id"]: each for each in api.get("/api/sessions").json()}
    assert listed[model["id"]]["kernel"]["id"] == model["kernel"]["id"]
    assert api.get(f"/api/sessions/{model['id']}").json()["path"] == "bound.ipynb"
    ours = api.get("/api/v1/kernels").json()["kernels"]
    assert "bound.ipynb" in [each["path"] for each in ours]
    assert api.delete(f"/api/sessions/{model['id']}").status_code == 204
    assert api.get(f"/api/kernels/{model['kernel']['id']}").status_code == 404
    assert api.get(f"/api/sessions/{model['id']}").status_code == 404


def test_a_console_is_a_session_of_its_own_and_may_share_a_kernel(
    api: httpx.Client,
) -> None:  # JUP-22, JUP-23
    console = {"type": "console", "name": "Console 1"}
    model = opened(api, "some/console-1", **console, kernel={"name": "python3"})
    shared = opened(api, "some/console-2", **console, kernel={"id": model["kernel"]["id"]})

    assert (model["path"], model["type"]) == ("some/console-1", "console")
    assert shared["kernel"]["id"] == model["kernel"]["id"]
    assert shared["id"] != model["id"]
    renamed = api.patch(f"/api/sessions/{shared['id']}", json={"path": "some/console-3"})
    assert renamed.json()["path"] == "some/console-3"
    assert api.delete(f"/api/sessions/{shared['id']}").status_code == 204
    assert api.get(f"/api/kernels/{model['kernel']['id']}").status_code == 200
    assert api.delete(f"/api/sessions/{model['id']}").status_code == 204
    assert api.get(f"/api/kernels/{model['kernel']['id']}").status_code == 404


def test_a_session_takes_another_name_and_another_kernel(
    server: Server, api: httpx.Client
) -> None:  # JUP-22, JUP-23
    server.write("changed.ipynb", "1")
    model = opened(api, "changed.ipynb", kernel={"name": "python3"})
    address = f"/api/sessions/{model['id']}"

    def change(**changes: Any) -> dict[str, Any]:
        answer = api.patch(address, json=changes)
        assert answer.status_code == 200, answer.text
        assert api.get(address).json()["path"] == answer.json()["path"]
        listed = [each for each in api.get("/api/sessions").json() if each["id"] == model["id"]]
        assert [(each["path"], each["name"]) for each in listed] == [
            (answer.json()["path"], answer.json()["name"])
        ]
        changed: dict[str, Any] = answer.json()
        return changed

    assert change(name="A name")["name"] == "A name"
    assert change(path="elsewhere.ipynb")["name"] == "A name"
    with Client(server.base, model["kernel"]["id"]) as client:
        client.run("x = 1")
        assert change(kernel={"name": "python3"})["kernel"]["name"] == "python3"
        assert client.run("x")[-2].content["ename"] == "NameError"
    assert api.patch(address, json={"kernel": {"id": "none"}}).status_code == 400
    assert api.patch(address, json={"kernel": {"name": "cobol"}}).status_code == 501

    other = started(api)["id"]
    assert change(kernel={"id": other})["kernel"]["id"] == other
    assert api.get(f"/api/kernels/{model['kernel']['id']}").status_code == 404
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    assert api.delete(f"/api/kernels/{other}").status_code == 204


@pytest.mark.parametrize("body", [{}, {"path": "a"}, {"type": "notebook"}, {"path": 1}])
def test_a_session_needs_a_path_and_a_type(api: httpx.Client, body: dict[str, Any]) -> None:
    assert api.post("/api/sessions", json=body).status_code == 400  # JUP-31


def test_what_is_done_is_told_to_who_listens(server: Server, api: httpx.Client) -> None:  # JUP-24
    address = f"{server.base.replace('http', 'ws', 1)}/api/events/subscribe?token={TOKEN}"
    with connect(address, open_timeout=60) as socket:
        body = {"type": "file", "format": "text", "content": "x"}
        api.put("/api/contents/told.txt", json=body)
        api.patch("/api/contents/told.txt", json={"path": "said.txt"})
        api.delete("/api/contents/said.txt")
        heard = [json.loads(socket.recv(60)) for _ in range(3)]

    assert [event["action"] for event in heard] == ["save", "rename", "delete"]
    assert heard[1]["source_path"] == "told.txt"
    assert all(event["schema_id"].endswith("contents_service/v1") for event in heard)


# ── who may ────────────────────────────────────────────────────────────────────


def test_a_program_brings_the_token_in_the_header_or_the_address(server: Server) -> None:  # SEC-31
    bare = httpx.Client(base_url=server.base, timeout=60)
    for scheme in ("token", "Token", "Bearer", "bearer"):
        with_header = bare.get("/api/kernels", headers={"Authorization": f"{scheme} {TOKEN}"})
        assert with_header.status_code == 200
    assert bare.get("/api/kernels", params={"token": TOKEN}).status_code == 200
    assert bare.post("/api/kernels/none/restart", params={"token": TOKEN}).status_code == 404
    assert bare.get("/api/v1/kernels", params={"token": TOKEN}).status_code == 401
    bare.close()


def test_nobody_else_is_told_anything(server: Server) -> None:  # SEC-31, JUP-21
    paths = ("/api", "/api/contents", "/api/kernels", "/api/sessions", "/api/me", "/files/a.txt")
    with httpx.Client(base_url=server.base, timeout=60) as bare:
        for path in paths:
            for params in ({}, {"token": "wrong"}, {"token": ""}):
                answer = bare.get(path, params=params)
                assert answer.status_code in (401, 403), path
                assert answer.json()["message"]
        assert bare.post("/api/kernels", json={}).status_code in (401, 403)
    address = f"{server.base.replace('http', 'ws', 1)}/api/kernels/x/channels"
    for query in ("", "?token=wrong"):
        with pytest.raises(InvalidStatus) as refused, connect(address + query):
            pass
        assert refused.value.response.status_code in (401, 403)


def test_a_browser_brings_back_the_cookie_xsrf(server: Server) -> None:  # SEC-32
    with httpx.Client(base_url=server.base, timeout=60) as browser:
        assert browser.get(f"/?token={TOKEN}").status_code == 303
        assert browser.get("/api/kernels").status_code == 200
        ours = {"Origin": server.base}
        body = {"type": "file", "format": "text", "content": "x"}

        def put(**headers: str) -> int:
            return browser.put(
                "/api/contents/forged.txt", json=body, headers={**ours, **headers}
            ).status_code

        assert put() == 403
        assert put(**{"X-XSRFToken": "made-up"}) == 403
        token = browser.cookies["_xsrf"]
        assert put(**{"X-XSRFToken": token, "Origin": "https://evil.example"}) == 403
        assert put(**{"X-XSRFToken": token}) == 201
        deleted = browser.delete("/api/contents/forged.txt", headers={**ours, "X-XSRFToken": token})
        assert deleted.status_code == 204


def test_every_route_refuses_who_brings_nothing(server: Server, tmp_path: Path) -> None:  # SEC-2
    settings = load_settings({"root": server.folder, "port": 0}, environ={})
    folders = StateFolders(tmp_path / "state", tmp_path / "config", tmp_path / "run")
    app = FastAPI(openapi_url=None)
    for routes in jupyter_routes(Application(settings, folders), folders):
        routes.install(app)
    asked = 0
    with httpx.Client(base_url=server.base, timeout=60) as bare:
        for route, where in walk(app.routes):
            path = re.sub(r"\{[^}]+\}", "x", where)
            if isinstance(route, DeclaredRoute):
                for method in sorted(route.methods):
                    assert bare.request(method, path).status_code in (401, 403), f"{method} {path}"
                    asked += 1
            elif isinstance(route, DeclaredWebSocketRoute):
                for headers in ({}, {"Origin": "https://evil.example"}):
                    address = server.base.replace("http", "ws", 1) + path
                    with pytest.raises(InvalidStatus), connect(address, additional_headers=headers):
                        pass
                    asked += 1
    assert asked > 30


def test_a_socket_by_cookie_is_only_for_pages_of_ours(
    server: Server, api: httpx.Client
) -> None:  # SEC-32
    kernel_id = started(api)["id"]
    with httpx.Client(base_url=server.base, timeout=60) as browser:
        browser.get(f"/?token={TOKEN}")
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    address = f"{server.base.replace('http', 'ws', 1)}/api/kernels/{kernel_id}/channels"
    for origin in ("https://evil.example", None):
        headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
        with (
            pytest.raises(InvalidStatus) as refused,
            connect(address, additional_headers=headers),
        ):
            pass
        assert refused.value.response.status_code in (401, 403)
    with connect(address, additional_headers={"Cookie": cookie, "Origin": server.base}) as socket:
        assert socket.subprotocol is None
    api.delete(f"/api/kernels/{kernel_id}")
