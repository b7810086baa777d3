"""What an identity may do, decided before anything of a request is read."""

import pytest

from tailrace.protocol.errors import AuthError, AuthForbidden, ForgeryRefused
from tailrace.server.identity import IDENTITY, Identity
from tailrace.server.permissions import PERMISSIONS, Permission, refusal


def scope(identity: Identity | None, method: str = "GET", token: str = "") -> dict[str, object]:
    headers = [(b"x-tailrace-token", token.encode())]
    return {"type": "http", "method": method, "headers": headers, IDENTITY: identity}


READER = Identity("reader", frozenset({"read"}), login="key", anti_forgery="proof")
PROGRAM = Identity("program", frozenset({"read", "edit"}))


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_anonymous_callers_may_only_what_is_public(permission: Permission) -> None:  # SEC-2
    expected = None if permission == "public" else AuthError

    assert type(refusal(permission, scope(None))) is (expected or type(None))


@pytest.mark.parametrize("permission", ["run", "edit", "admin"])
def test_who_is_known_may_still_not_do_everything(permission: Permission) -> None:  # SEC-4
    assert isinstance(refusal(permission, scope(READER)), AuthForbidden)
    assert refusal("read", scope(READER)) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "ODD"])
def test_every_method_that_is_not_known_to_be_safe_needs_proof(method: str) -> None:  # SEC-12
    assert isinstance(refusal("read", scope(READER, method)), ForgeryRefused)
    assert refusal("read", scope(READER, method, token="proof")) is None
    assert refusal("edit", scope(PROGRAM, method)) is None


def test_a_permission_is_asked_for_before_the_proof() -> None:
    assert isinstance(refusal("run", scope(READER, "POST")), AuthForbidden)
