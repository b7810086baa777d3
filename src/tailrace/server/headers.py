"""What browsers are told about our answers: where scripts may come from, who may frame them.

Three kinds of answer differ. The page may load from this server only, and frame nothing but
the frame's document (`frame.html`), in which other people's output runs: that has no origin,
and no network unless the person at the page opened it; since `'self'` means nothing there,
our assets are named in full. A user's file is never a document of ours: it is an attachment
in a sandbox, whatever it says it is.
"""

from functools import lru_cache

FRAME_PATH = "/frame.html"
OPENED = "opened"
"""What the query of the frame's document says where its output may use the network."""

_ALWAYS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

FILE_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-cache",
}
"""For every answer whose bytes are a user's (SEC-18)."""

ASSET_HEADERS = {
    # The frame has no origin, so its requests for our scripts and fonts are foreign ones.
    # Assets are the same for everybody and hold no secret.
    "cross-origin-resource-policy": "cross-origin",
    "access-control-allow-origin": "*",
}


@lru_cache(maxsize=64)
def page_headers(origins: tuple[str, ...], base: str = "") -> tuple[tuple[bytes, bytes], ...]:
    """The defaults for an answer of ours, where it says nothing itself (SEC-15).

    Frames show the frame's document and nothing else of ours: an output that leads its frame
    to another address gets nowhere, and cannot even ask the API by it (SEC-23).
    """
    sockets = " ".join(_socket_origin(origin) for origin in origins)
    frames = " ".join(f"{origin}{base}{FRAME_PATH}" for origin in origins)
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self'; frame-src {frames}; "
        f"connect-src 'self' {sockets}; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return (*_ALWAYS, (b"content-security-policy", policy.encode()))


@lru_cache(maxsize=64)
def frame_policy(
    origins: tuple[str, ...],
    base: str = "",
    *,
    opened: bool = False,
    pages: tuple[str, ...] = (),
) -> str:
    """The policy of the frame's document (SEC-16). `form-action` is given since it does not
    fall back to `default-src`; navigation is held by the page's own `frame-src`.

    `opened` lets the output load from other sites (SEC-24). It has no origin all the same:
    what it asks of us comes without a login, from another site, and is refused. `pages` are
    the origins of pages hosted apart, which show it too.
    """
    ours = " ".join(f"{origin}{base}/assets/" for origin in origins)
    web = " https:" if opened else ""
    shown_by = " ".join(("'self'", *pages))
    policy = (
        "sandbox allow-scripts allow-downloads allow-forms allow-pointer-lock; "
        "default-src 'none'; "
        f"script-src {ours}{web} 'unsafe-inline' 'unsafe-eval' blob:; "
        f"style-src 'unsafe-inline' {ours}{web}; img-src data: blob:{web}; "
        f"media-src data: blob:{web}; font-src data: {ours}{web}; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {shown_by}"
    )
    if opened:
        policy += "; connect-src data: blob: https: wss:; frame-src https:; worker-src blob:"
    return policy


FRAME_HEADERS = {
    # What a policy does not hold: peer connections, and servers named ahead of a request.
    # (A browser that does not know the header is held by the policy alone.)
    "connection-allowlist": "(response-origin)",
    "x-dns-prefetch-control": "off",
}
"""Of the frame's document, unless its output may use the network."""


def _socket_origin(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}"
