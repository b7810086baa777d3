"""The page for who is not logged in. It has no script and tells nothing about the server."""

from html import escape

from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tailrace: log in</title>
<link rel="icon" type="image/svg+xml" href="{base}favicon.svg">
<style>
  :root {{
    color-scheme: light dark; font: 16px/1.5 "Source Sans 3", system-ui, sans-serif;
    background: light-dark(#f6f9fa, #12181b); color: light-dark(#1d262c, #e2e8eb);
    --line: light-dark(#c3cdd2, #47535a); --accent: light-dark(#00687f, #56b8cc);
  }}
  * {{ box-sizing: border-box; }}
  body {{ display: grid; place-items: center; min-height: 100dvh; margin: 0; padding: 1rem; }}
  main {{
    width: 100%; max-width: 26rem; margin-bottom: 8vh; padding: 2rem; border-radius: 12px;
    border: 1px solid light-dark(#dfe6e9, #303a40); background: light-dark(#fff, #1a2125);
  }}
  svg {{ width: 2.25rem; height: 2.25rem; margin-left: -.3rem; color: var(--accent); }}
  h1 {{ margin: .5rem 0 0; font-size: 1.5rem; line-height: 1.2; letter-spacing: -.01em; }}
  p {{ margin: .75rem 0 0; color: light-dark(#4a565d, #b3bfc5); }}
  code {{ font: .9em ui-monospace, monospace; color: light-dark(#1d262c, #e2e8eb); }}
  form {{ margin-top: 1.5rem; }}
  label {{ display: block; margin-bottom: .35rem; font-weight: 600; }}
  div {{ display: flex; gap: .5rem; }}
  input, button {{
    min-height: 2.5rem; padding: 0 .8rem; border: 1px solid var(--line); border-radius: 6px;
    background: none; color: inherit; font: inherit;
  }}
  input {{ flex: 1; min-width: 0; }}
  button {{
    border-color: transparent; background: var(--accent); color: light-dark(#fff, #0f1a1f);
    font-weight: 600; cursor: pointer;
  }}
  :focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
  .problem {{
    padding: .5rem .75rem; border-radius: 6px; background: light-dark(#fdeeec, #3a2220);
    color: light-dark(#8f2416, #f0a99d);
  }}
</style>
<main>
  <svg viewBox="0 0 24 24" fill="none" stroke="currentcolor" stroke-width="2.6"
       stroke-linecap="round" aria-hidden="true">
    <path d="M3 7.5h7.2a5.3 5.3 0 0 1 5.3 5.3v.4c0 2 1.6 3.3 3.3 3.3H21"/>
    <path d="M3 12.8h3.4a4 4 0 0 1 4 4c0 1 .3 1.9.8 2.7" opacity=".5"/>
  </svg>
  <h1>Log in to Tailrace</h1>
  {problem}
  <p>Open the address that Tailrace printed in its terminal. It works once; for a new one run
     <code>tailrace url</code> on the machine where Tailrace runs.</p>
  <form method="post" action="{action}">
    <input type="hidden" name="next" value="{wanted}">
    <label for="token">Or, where it was started with a token</label>
    <div><input type="password" id="token" name="token" autocomplete="current-password" required>
      <button>Log in</button></div>
  </form>
</main>
</html>
"""


def login_page(scope: Scope, *, message: str = "", wanted: str = "", status: int = 200) -> Response:
    base = str(scope.get("root_path", "")) + "/"
    problem = f'<p class="problem" role="alert">{escape(message)}.</p>' if message else ""
    page = _PAGE.format(
        base=escape(base),
        problem=problem,
        action=escape(f"{base}login"),
        wanted=escape(wanted, quote=True),
    )
    return HTMLResponse(page, status_code=status, headers={"cache-control": "no-store"})
