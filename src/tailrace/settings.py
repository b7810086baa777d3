"""What a person may choose, and where the choice is read from.

Each field of `Settings` is a key of the settings file (`settings.toml` in the config
folder), an environment variable (`TAILRACE_` and the field's name in capitals) and, for
the ones people change often, an option of the command line. The command line wins over
the environment, the environment over the file, the file over the default. Every field is
described in `docs/reference/settings.md`.

A value that makes no sense is a `SettingsError` that says where it was read.
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from tailrace.protocol.errors import SettingsError

DEFAULT_PORT = 8899

ExitPolicy = Literal["keep", "stop-idle", "stop"]
"""What becomes of kernels when the server ends. `stop-idle`: those that run nothing and
have nothing queued are stopped, the others go on."""

AgentsMay = Literal["run", "edit", "read", "nothing"]
"""What agents may do over `/mcp` at most. `edit` is without running, `read` without both."""

LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One server's settings. `token` is a secret: it is left out of the `repr`."""

    root: Path = Path(".")
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    port_retries: int = 50
    base_url: str = "/"
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    page_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    token: str | None = None
    no_browser: bool = False
    on_interrupt: ExitPolicy = "stop-idle"
    on_terminate: ExitPolicy = "keep"
    idle_stop_after_s: float = 24 * 3600.0
    autosave_s: float = 2.0
    log_quota_bytes: int = 2 << 30
    log_level: LogLevel = "warning"
    agents: AgentsMay = "run"

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={'…' if name == 'token' and self.token else repr(getattr(self, name))}"
            for name in self.__struct_fields__
        )
        return f"Settings({shown})"


def load_settings(
    given: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    file: Path | None = None,
) -> Settings:
    """Settings from the command line (`given`; None means not given), the environment and
    the settings file, checked and in one spelling (absolute root, `/prefix/`, lower case)."""
    sources: dict[str, str] = {}
    values: dict[str, object] = {}
    for source, found in (
        (str(file), _from_file(file)),
        ("the environment", _from_environment(environ)),
        ("the command line", {k: v for k, v in given.items() if v is not None}),
    ):
        for name, value in found.items():
            values[name] = _converted(name, value, source)
            sources[name] = source
    if "port" in values and "port_retries" not in values:
        # Who names a port wants that one, and would rather hear that it is taken.
        values["port_retries"] = 0
    settings = Settings(**values)  # type: ignore[arg-type]  # converted one by one above
    return _checked(settings, sources)


def field_types() -> dict[str, Any]:
    """Each field's name and type."""
    return get_type_hints(Settings)


# ── sources ──────────────────────────────────────────────────────────────────


def _from_file(file: Path | None) -> dict[str, object]:
    if file is None or not file.exists():
        return {}
    import tomllib  # only who has a settings file pays for the parser

    try:
        found = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise SettingsError(f"{file} cannot be read: {problem}") from problem
    known = field_types()
    for name in found:
        if name not in known:
            raise SettingsError(
                f"{file} has {name!r}, which is no setting; the settings are: {', '.join(known)}"
            )
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, kind in field_types().items():
        text = environ.get(f"TAILRACE_{name.upper()}")
        if text is None or text == "":
            continue
        found[name] = text.replace(",", " ").split() if get_origin(kind) is tuple else text
    return found


def _converted(name: str, value: object, source: str) -> object:
    kind = field_types()[name]
    if isinstance(value, Path):
        return value
    try:
        return msgspec.convert(value, kind, strict=False, dec_hook=_path)
    except msgspec.ValidationError as problem:
        choices = get_args(kind) if get_origin(kind) is Literal else ()
        expected = f"one of {', '.join(map(str, choices))}" if choices else str(problem)
        shown = "" if name == "token" else f" {value!r}"
        raise SettingsError(f"{name}{shown} from {source} will not do: {expected}") from None


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str) and "\0" not in value:
        try:
            return Path(value).expanduser()
        except RuntimeError as problem:  # `~nobody`
            raise ValueError(str(problem)) from problem
    raise ValueError("a path is expected")


# ── checks ───────────────────────────────────────────────────────────────────

_BASE = re.compile(r"\A(/[A-Za-z0-9._~-]+)*/\Z")
_ORIGIN = re.compile(r"\A(https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?\Z")
_HOST = re.compile(r"\A(\[[0-9a-f:.]+\]|[a-z0-9._-]+|[0-9a-f:.]+)\Z")
_TOKEN = re.compile(r"\A[\x21-\x7e]+\Z")


def _checked(settings: Settings, sources: Mapping[str, str]) -> Settings:
    def require(claim: bool, name: str, expected: str) -> None:
        if not claim:
            source = sources.get(name, "the default")
            shown = "" if name == "token" else f" {getattr(settings, name)!r}"
            raise SettingsError(f"{name}{shown} from {source} will not do: {expected}")

    require(0 <= settings.port <= 65535, "port", "a port is 0 (any free one) to 65535")
    require(settings.port_retries >= 0, "port_retries", "0 or more")
    require(settings.idle_stop_after_s >= 0, "idle_stop_after_s", "seconds, or 0 for never")
    require(settings.autosave_s >= 0, "autosave_s", "seconds, or 0 for only when asked")
    require(settings.log_quota_bytes >= 1 << 20, "log_quota_bytes", "at least 1048576 bytes")
    require(bool(settings.host), "host", "an address to listen on")
    token = settings.token or None
    require(token is None or bool(_TOKEN.match(token)), "token", "printable ASCII, no spaces")

    base = "/" + settings.base_url.strip("/") + "/" if settings.base_url.strip("/") else "/"
    path_segments = base.split("/")
    require(
        bool(_BASE.match(base)) and ".." not in path_segments and "." not in path_segments,
        "base_url",
        "a path such as /lab/",
    )
    hosts = tuple(host.lower().rstrip(".") for host in settings.allowed_hosts)
    for host in hosts:
        require(
            bool(_HOST.match(host)), "allowed_hosts", f"{host!r} is no host name without a port"
        )
    origins: dict[str, tuple[str, ...]] = {}
    for name in ("allowed_origins", "page_origins"):
        origins[name] = tuple(origin.lower().rstrip("/") for origin in getattr(settings, name))
        for origin in origins[name]:
            require(
                bool(_ORIGIN.match(origin)),
                name,
                f"{origin!r} is no origin such as https://notebooks.example.org",
            )
    for proxy in settings.trusted_proxies:
        require(_is_network(proxy), "trusted_proxies", f"{proxy!r} is no address or network")
    return msgspec.structs.replace(
        settings,
        root=settings.root.absolute(),
        token=token,
        base_url=base,
        allowed_hosts=hosts,
        **origins,
    )


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
