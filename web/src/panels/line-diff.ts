/** How one text became another, line by line: what stayed, what went, what came. Pure. */

export interface DiffLine {
  readonly kind: "same" | "gone" | "new";
  readonly text: string;
}

const TABLE_MOST = 1_000_000; // entries; texts that differ more widely are shown as replaced

export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let end = 0;
  while (
    end < old.length - start &&
    end < now.length - start &&
    old[old.length - 1 - end] === now[now.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (text: string): DiffLine => ({ kind: "same", text });
  return [
    ...old.slice(0, start).map(same),
    ...middle(old.slice(start, old.length - end), now.slice(start, now.length - end)),
    ...old.slice(old.length - end).map(same),
  ];
}

/** The longest common lines, by the usual table. */
function middle(old: readonly string[], now: readonly string[]): DiffLine[] {
  const gone = (text: string): DiffLine => ({ kind: "gone", text });
  const came = (text: string): DiffLine => ({ kind: "new", text });
  const width = now.length + 1;
  if ((old.length + 1) * width > TABLE_MOST) return [...old.map(gone), ...now.map(came)];
  const common = new Uint32Array((old.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = old.length - 1; row >= 0; row -= 1) {
    for (let column = now.length - 1; column >= 0; column -= 1) {
      common[row * width + column] =
        old[row] === now[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const found: DiffLine[] = [];
  let [row, column] = [0, 0];
  while (row < old.length || column < now.length) {
    const [before, after] = [old[row], now[column]];
    if (before !== undefined && before === after) {
      found.push({ kind: "same", text: before });
      row += 1;
      column += 1;
    } else if (
      before !== undefined &&
      (after === undefined || at(row + 1, column) >= at(row, column + 1))
    ) {
      found.push(gone(before));
      row += 1;
    } else if (after !== undefined) {
      found.push(came(after));
      column += 1;
    }
  }
  return found;
}
