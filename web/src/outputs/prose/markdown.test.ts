// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { anchorName, anchorsIn } from "./anchors";
import { formulaAt } from "./formula-rule";
import { markdownTree } from "./markdown";

const beside = {
  attachment: (name: string) => (name === "p.png" ? "blob:x" : null),
  picture: () => null,
  link: (path: string) => `/view/${path}`,
};

function drawn(source: string): string {
  const place = document.createElement("div");
  place.append(markdownTree(source, beside));
  return place.innerHTML;
}

// PAGE-30
test("HTML that lays out text is kept", () => {
  expect(drawn("a<br>b <kbd>Ctrl</kbd> H<sub>2</sub>O")).toContain(
    "<kbd>Ctrl</kbd> H<sub>2</sub>O",
  );
  expect(drawn('<div align="center">\n\n# Title\n\n</div>')).toMatch(
    /<div style="text-align: center;?">\s*<h1/,
  );
  expect(drawn("<details open><summary>More</summary>text</details>")).toContain("<summary>More");
  expect(drawn('<font color="red">x</font>')).toContain("color: red");
});

// SEC-26
test("HTML that runs, loads or asks is gone", () => {
  for (const hostile of [
    '<img src=x onerror="alert(1)">',
    "<script>alert(1)</script>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action=https://a.example><input name=a><button>go</button></form>",
    "<meta http-equiv=refresh content='0;url=//a.example'>",
    "<link rel=stylesheet href=//a.example><style>*{color:red}</style>",
    "<base href=//a.example>",
    "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "<svg><script>alert(1)</script><foreignObject><img src=x onerror=alert(1)></foreignObject></svg>",
    "<template><img src=x onerror=alert(1)></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><img src=x onerror=alert(1)></textarea>",
  ]) {
    const html = drawn(hostile);
    expect(html).not.toMatch(
      /<(img|script|iframe|object|embed|form|button|meta|link|style|base|svg|math|template|input)\b/i,
    );
    expect(html).not.toContain("onerror");
  }
});

// SEC-26
test("names of the page are not taken over", () => {
  const html = drawn(
    '<div id="app" name="body" class="cell notices" data-cell-id="a" tabindex=0>x</div>',
  );
  expect(html).toBe('<div data-anchor="app">x</div>');
  expect(drawn('<p style="position:fixed;inset:0;background:url(//a.example)">x</p>')).toBe(
    "<p>x</p>",
  );
});

test("links that run or leave through another scheme are no links", () => {
  for (const target of ["javascript:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc"]) {
    expect(drawn(`[x](${target})`)).not.toContain("href");
    expect(drawn(`<a href="${target}">x</a>`)).not.toContain("href");
  }
  expect(drawn('<a href="java&#115;cript:alert(1)">x</a>')).not.toContain("href");
  expect(drawn('<a href=" &#9;javascript:alert(1)">x</a>')).not.toContain("javascript:a");
  expect(drawn("[x](https://a.example)")).toContain('rel="noopener noreferrer"');
  expect(drawn("[x](data/table.csv)")).toContain('href="/view/data/table.csv"');
});

test("pictures from elsewhere are links, data and attachments are pictures", () => {
  expect(drawn("![a](https://a.example/b.png)")).not.toContain("<img");
  expect(drawn('<img src="//a.example/b.png">')).not.toContain("<img");
  expect(drawn("![a](data:image/png;base64,AAAA)")).toContain("<img");
  expect(drawn("![a](data:image/svg+xml;base64,AAAA)")).not.toContain("<img");
  expect(drawn("![a](attachment:p.png)")).toContain('src="blob:x"');
  expect(drawn('<img src="attachment:p.png" width="200">')).toContain('width="200"');
});

// PAGE-30
test("headings are places that links lead to, however the name is written", () => {
  expect(drawn("# My *Title*!")).toContain('data-anchor="my-title"');
  for (const name of ["my-title", "My-Title", "My%20Title", "my title"]) {
    expect(anchorName(name)).toBe("my-title");
  }
  expect(anchorsIn('text\n## My [Title](x.md)!\n<a id="There"></a>')).toEqual([
    "my-title",
    "there",
  ]);
  expect(drawn("[x](#My-Title)")).toContain('data-to="my-title"');
});

// PAGE-30
test("footnotes lead there and back", () => {
  const html = drawn("said[^1]\n\n[^1]: the source");
  expect(html).toContain('data-to="fn1"');
  expect(html).toContain('data-anchor="fn1"');
  expect(html).not.toMatch(/\sid=/);
});

// PAGE-30
test("a fence of mermaid waits to be drawn", () => {
  expect(drawn("```mermaid\ngraph LR; a-->b\n```")).toBe(
    '<div class="diagram">graph LR; a--&gt;b\n</div>',
  );
});

test("formulas are kept from Markdown, prices are not formulas", () => {
  expect(drawn("a $x_1 + y_1$ b")).toContain('<span class="formula">x_1 + y_1</span>');
  expect(drawn("costs $5 or $6")).not.toContain("formula");
  expect(drawn("$$\na_1\n\n- b\n$$")).toContain('<div class="formula" data-display="">');
  expect(drawn("\\begin{align}\na &= b\n\\end{align}")).toContain("formula");
  expect(drawn("$<script>$")).not.toContain("<script>");
  expect(formulaAt("$$", 0)).toBeNull();
});

test("task lists have boxes", () => {
  const html = drawn("- [x] done\n- [ ] open");
  expect(html.match(/<input[^>]*type="checkbox"/g)).toHaveLength(2);
  expect(html.match(/disabled/g)).toHaveLength(2);
});

test("Python in fences is coloured and cannot break out", () => {
  const html = drawn("```python\nimport os\n'</code><script>'\n```");
  expect(html).toContain('class="tok-keyword"');
  expect(html).not.toContain("<script>");
});

test("a tower of elements does not exhaust the page", () => {
  expect(() => drawn("<b>".repeat(400))).not.toThrow();
});
