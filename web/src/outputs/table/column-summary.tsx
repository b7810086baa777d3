/** What a column is like, under its name, and in full in its menu. */

import { counted, countWords } from "../../ui/words";
import { HistogramBars } from "./histogram";
import type { ColumnStatistics } from "./table-source";
import { shownText, type TableColumn, wholeText } from "./table-value";

interface SummaryProps {
  readonly column: TableColumn;
  readonly library: string;
  readonly statistics: ColumnStatistics | null;
}

/** Two short lines' height: bars or the most frequent value, and how many are missing. */
export function TinySummary({ column, library, statistics }: SummaryProps) {
  if (!statistics) return <div className="table-tiny" data-waits="" />;
  const { histogram, top, missing, rows, unique, sampled } = statistics;
  const [first] = top;
  const share = rows === 0 ? 0 : missing / rows;
  return (
    <div className="table-tiny">
      {histogram ? (
        <HistogramBars histogram={histogram} />
      ) : (
        <span className="table-tiny-top">
          {first && first.count > 1
            ? shownText(first.value, column, library)
            : `${sampled ? "≥ " : ""}${countWords(unique)} different`}
        </span>
      )}
      {missing > 0 && <span className="table-tiny-missing">{percentWords(share)} missing</span>}
    </div>
  );
}

export function FullSummary({ column, library, statistics }: SummaryProps) {
  if (!statistics) return <p className="output-note">Looking at the values …</p>;
  const { rows, missing, low, high, mean, unique, sampled, histogram, top } = statistics;
  const facts: [string, string][] = [
    ["Missing", `${countWords(missing)} of ${countWords(rows)}`],
    ["Different", `${sampled ? "at least " : ""}${countWords(unique)}`],
  ];
  for (const [name, value] of [
    ["Lowest", low],
    ["Mean", mean],
    ["Highest", high],
  ] as const) {
    if (value !== null) facts.push([name, shownText(value, column, library)]);
  }
  const most = Math.max(1, ...top.map(({ count }) => count));
  return (
    <div className="table-facts">
      {histogram && (
        <div className="table-histogram">
          <HistogramBars histogram={histogram} />
          <span>{shownText(histogram.low, column, library)}</span>
          <span>{shownText(histogram.high, column, library)}</span>
        </div>
      )}
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {top.length > 0 && top.length < unique + 1 && (top[0]?.count ?? 0) > 1 && (
        <ul aria-label="Most frequent values">
          {top.slice(0, 6).map(({ value, count }) => (
            <li key={wholeText(value)}>
              <span className="table-share" style={{ width: `${(count / most) * 100}%` }} />
              <span>{wholeText(value) || "(empty)"}</span>
              <span>{countWords(count)}</span>
            </li>
          ))}
        </ul>
      )}
      {sampled !== null && (
        <p className="output-note">
          Bars, different and frequent values are of a sample of {counted(sampled, "row")}.
        </p>
      )}
    </div>
  );
}

function percentWords(share: number): string {
  const percent = share * 100;
  return percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}
