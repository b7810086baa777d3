// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { readPlainTable } from "./plain-table";

const PANDAS = `<div>
<style scoped>.dataframe tbody tr th { vertical-align: top; }</style>
<table border="1" class="dataframe">
  <thead><tr style="text-align: right;"><th></th><th>name</th></tr></thead>
  <tbody><tr><th>0</th><td>a &lt;b&gt;</td></tr></tbody>
</table>
<p>1 rows × 1 columns</p>
</div>`;

test("a pandas table is read as text", () => {
  const table = readPlainTable(PANDAS);
  expect(table?.head[0]?.map((cell) => cell.text)).toEqual(["", "name"]);
  expect(table?.body[0]?.map((cell) => [cell.text, cell.isHead])).toEqual([
    ["0", true],
    ["a <b>", false],
  ]);
  expect(table?.after).toEqual(["1 rows × 1 columns"]);
});

test("anything more than a table goes elsewhere", () => {
  const with_ = (cell: string) => PANDAS.replace("a &lt;b&gt;", cell);
  expect(readPlainTable(with_("<img src=x onerror=alert(1)>"))).toBeNull();
  expect(readPlainTable(with_("<script>alert(1)</script>"))).toBeNull();
  expect(readPlainTable(with_('<a href="javascript:alert(1)">x</a>'))).toBeNull();
  expect(readPlainTable(PANDAS.replace("<td>", '<td onclick="alert(1)">'))).toBeNull();
  expect(readPlainTable("<p class='dataframe'>no table</p>")).toBeNull();
  expect(readPlainTable("<b>bold</b>")).toBeNull();
});
