"""What browsers are told about our answers: where scripts may come from, who may frame them.

Three kinds of answer differ. The page may load from this server only. The frame's document
(`frame.html`), in which other people's output runs, has no origin and no network; since
`'self'` means nothing there, this server is named in full. A user's file is never a document
of ours: it is an attachment in a sandbox, whatever it says it is.
"""

from functools import lru_cache

FRAME_PATH = "/frame.html"

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
def page_headers(origins: tuple[str, ...]) -> tuple[tuple[bytes, bytes], ...]:
    """The defaults for an answer of ours, where it says nothing itself (SEC-15)."""
    sockets = " ".join(_socket_origin(origin) for origin in origins)
    policy = (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self'; frame-src 'self'; "
        f"connect-src 'self' {sockets}; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return (*_ALWAYS, (b"content-security-policy", policy.encode()))


@lru_cache(maxsize=64)
def frame_policy(origins: tuple[str, ...]) -> str:
    """The policy of the frame's document (SEC-16). `form-action` is given since it does not
    fall back to `default-src`; navigation is held by the page's own `frame-src`."""
    us = " ".join(origins)
    return (
        "sandbox allow-scripts allow-downloads allow-forms allow-pointer-lock; "
        "default-src 'none'; "
        f"script-src {us} 'unsafe-inline' 'unsafe-eval' blob:; "
        f"style-src 'unsafe-inline' {us}; img-src data: blob: {us}; media-src data: blob:; "
        f"font-src data: {us}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def _socket_origin(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}"
