import { expect, test } from "vitest";
import { formulaAt } from "./formula-rule";
import { renderMarkdown } from "./markdown";

test("HTML in Markdown stays text", () => {
  const html = renderMarkdown('<img src=x onerror="alert(1)">\n\n<script>alert(1)</script>');
  expect(html).not.toContain("<img");
  expect(html).not.toContain("<script");
});

test("links that run or leave through another scheme are no links", () => {
  for (const target of ["javascript:alert(1)", "vbscript:x", "data:text/html,x", "file:///etc"]) {
    expect(renderMarkdown(`[x](${target})`)).not.toContain("href");
  }
  expect(renderMarkdown("[x](https://a.example)")).toContain('rel="noopener noreferrer"');
});

test("pictures from elsewhere are links, data and attachments are pictures", () => {
  expect(renderMarkdown("![a](https://a.example/b.png)")).not.toContain("<img");
  expect(renderMarkdown("![a](data:image/png;base64,AAAA)")).toContain("<img");
  expect(renderMarkdown("![a](data:image/svg+xml;base64,AAAA)")).not.toContain("<img");
  const surroundings = { attachment: (name: string) => (name === "p.png" ? "blob:x" : null) };
  expect(renderMarkdown("![a](attachment:p.png)", surroundings)).toContain('src="blob:x"');
});

test("formulas are kept from Markdown, prices are not formulas", () => {
  expect(renderMarkdown("a $x_1 + y_1$ b")).toContain('<span class="formula">x_1 + y_1</span>');
  expect(renderMarkdown("costs $5 or $6")).not.toContain("formula");
  expect(renderMarkdown("$$\na_1\n\n- b\n$$")).toContain('<div class="formula" data-display>');
  expect(renderMarkdown("\\begin{align}\na &= b\n\\end{align}")).toContain("formula");
  expect(renderMarkdown("$<script>$")).not.toContain("<script>");
  expect(formulaAt("$$", 0)).toBeNull();
});

test("task lists have boxes", () => {
  const html = renderMarkdown("- [x] done\n- [ ] open");
  expect(html).toContain('<input type="checkbox" disabled checked aria-label="Done">');
  expect(html).toContain('<input type="checkbox" disabled aria-label="Not done"> open');
});

test("Python in fences is coloured and cannot break out", () => {
  const html = renderMarkdown("```python\nimport os\n'</code><script>'\n```");
  expect(html).toContain('class="tok-keyword"');
  expect(html).not.toContain("<script>");
});
