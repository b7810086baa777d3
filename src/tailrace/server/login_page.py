"""The page for who is not logged in. It has no script and tells nothing about the server."""

from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tailrace: log in</title>
<style>
  :root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
  main {{ max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; }}
  code {{ font-family: ui-monospace, monospace; }}
  input, button {{ font: inherit; padding: .4rem .6rem; }}
  .problem {{ border-left: 3px solid #c33; padding-left: .8rem; }}
</style>
<main>
  <h1>Log in to Tailrace</h1>
  {problem}
  <p>Open the address that Tailrace printed in its terminal. It works once; for a new one run
     <code>tailrace url</code> on the machine where Tailrace runs.</p>
  <form method="post" action="{action}">
    <input type="hidden" name="next" value="{wanted}">
    <p><label>Or, where Tailrace was started with a token:<br>
      <input type="password" name="token" autocomplete="current-password" required></label>
      <button>Log in</button></p>
  </form>
</main>
</html>
"""


def login_page(scope: Scope, *, message: str = "", wanted: str = "", status: int = 200) -> Response:
    base = str(scope.get("root_path", "")) + "/"
    problem = f'<p class="problem" role="alert">{escape(message)}.</p>' if message else ""
    page = _PAGE.format(
        problem=problem, action=escape(f"{base}login"), wanted=escape(wanted, quote=True)
    )
    return HTMLResponse(page, status_code=status, headers={"cache-control": "no-store"})
