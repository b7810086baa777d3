/** Which values of a column are to be seen: a range, a text, some of the frequent values. */

import { type KeyboardEvent, useId, useState } from "react";
import type { TableFilter } from "../../protocol/generated";
import { Button } from "../../ui/button";
import { countWords } from "../../ui/words";
import type { ColumnStatistics } from "./table-source";
import { hasRange, isNumeric, type TableColumn, wholeText } from "./table-value";

interface FilterFormProps {
  readonly place: number;
  readonly column: TableColumn;
  readonly filters: readonly TableFilter[];
  readonly statistics: ColumnStatistics | null;
  readonly onFilters: (filters: readonly TableFilter[]) => void;
}

type There = "any" | "missing" | "present";

export function FilterForm({ place, column, filters, statistics, onFilters }: FilterFormProps) {
  const id = useId();
  const range = filters.find(({ test }) => test === "between");
  const [low, setLow] = useState(String(range?.low ?? ""));
  const [high, setHigh] = useState(String(range?.high ?? ""));
  const [text, setText] = useState(filters.find(({ test }) => test === "contains")?.text ?? "");
  const [values, setValues] = useState(
    () => new Set(filters.find(({ test }) => test === "one-of")?.values ?? []),
  );
  const [there, setThere] = useState<There>(
    filters.some(({ test }) => test === "missing")
      ? "missing"
      : filters.some(({ test }) => test === "present")
        ? "present"
        : "any",
  );
  const choices = column.kind === "nested" ? [] : (statistics?.top ?? []);
  const isWrong = isNumeric(column.kind) && [low, high].some((end) => Number.isNaN(Number(end)));

  function apply() {
    if (isWrong) return;
    const made: TableFilter[] = [];
    const end = (value: string) => {
      if (value.trim() === "") return null;
      return isNumeric(column.kind) ? Number(value) : value.trim();
    };
    if (hasRange(column.kind) && (low.trim() !== "" || high.trim() !== "")) {
      made.push({ column: place, test: "between", low: end(low), high: end(high) });
    }
    if (text !== "") made.push({ column: place, test: "contains", text });
    if (values.size > 0) made.push({ column: place, test: "one-of", values: [...values] });
    if (there !== "any") made.push({ column: place, test: there });
    onFilters(made);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      apply();
    }
  }

  return (
    <fieldset className="table-filter" onKeyDown={onKeyDown}>
      <legend>Filter</legend>
      {hasRange(column.kind) ? (
        <div className="table-range">
          <input
            className="field"
            aria-label="Lowest"
            placeholder="from"
            value={low}
            onChange={(event) => setLow(event.target.value)}
          />
          <input
            className="field"
            aria-label="Highest"
            placeholder={column.kind === "datetime" ? "to, as 2024-01-31" : "to"}
            value={high}
            onChange={(event) => setHigh(event.target.value)}
          />
        </div>
      ) : (
        <input
          className="field"
          aria-label="Contains"
          placeholder="contains …"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {isWrong && <p className="table-wrong">These ends are not numbers.</p>}
      {choices.length > 0 && !hasRange(column.kind) && (
        <div className="table-choices">
          {choices.map(({ value, count }) => {
            const name = wholeText(value);
            return (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={values.has(name)}
                  onChange={(event) => {
                    const next = new Set(values);
                    if (event.target.checked) next.add(name);
                    else next.delete(name);
                    setValues(next);
                  }}
                />
                <span>{name || "(empty)"}</span>
                <span className="table-count">{countWords(count)}</span>
              </label>
            );
          })}
        </div>
      )}
      <label className="table-there" htmlFor={`${id}-there`}>
        <span>Missing values</span>
        <select
          id={`${id}-there`}
          className="field"
          value={there}
          onChange={({ target }) =>
            setThere(
              target.value === "missing" || target.value === "present" ? target.value : "any",
            )
          }
        >
          <option value="any">shown too</option>
          <option value="present">not shown</option>
          <option value="missing">alone</option>
        </select>
      </label>
      <div className="table-filter-acts">
        <Button look="primary" onClick={apply} disabled={isWrong}>
          Apply
        </Button>
        {filters.length > 0 && (
          <Button look="quiet" onClick={() => onFilters([])}>
            Clear
          </Button>
        )}
      </div>
    </fieldset>
  );
}
