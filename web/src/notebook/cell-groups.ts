/**
 * Cells in groups of some dozens, so that a change in one costs what its group costs and not
 * what a thousand cells cost: React looks through the groups and one of them, layout and hit
 * tests skip those that are far from the screen.
 *
 * A cell stays in the group it was given, whatever comes before it: a cell that changes its
 * group is made anew, and its editor with it. Nothing here draws (`cell-list.tsx`).
 */

import type { CellHead } from "../core/pending";

export interface Group {
  readonly key: number;
  readonly cells: readonly CellHead[];
  /** How many cells stand before it. */
  readonly before: number;
}

interface Begun {
  readonly key: number;
  readonly before: number;
  readonly cells: CellHead[];
}

export const GROUP = 24;
const MOST = 2 * GROUP; // a group that people insert into grows up to this

export class CellGroups {
  #groups: readonly Group[] = [];
  #keys = new Map<string, number>();
  #next = 0;

  /** The groups of these cells, in order. Groups whose cells did not change are the same. */
  of(cells: readonly CellHead[]): readonly Group[] {
    const begun: Begun[] = [];
    const used = new Set<number>();
    const begin = (key: number, before: number) => {
      used.add(key);
      const group: Begun = { key, before, cells: [] };
      begun.push(group);
      return group;
    };
    cells.forEach((cell, at) => {
      const last = begun.at(-1);
      const key = this.#keys.get(cell.cell_id);
      if (key !== undefined && key === last?.key) last.cells.push(cell);
      else if (key !== undefined && !used.has(key)) begin(key, at).cells.push(cell);
      else if (last && last.cells.length < this.#room(last.key, cells, at)) last.cells.push(cell);
      else begin(this.#newKey(), at).cells.push(cell);
    });
    this.#keys = new Map(begun.flatMap(({ key, cells: of }) => of.map((c) => [c.cell_id, key])));
    const known = new Map(this.#groups.map((group) => [group.key, group]));
    this.#groups = begun.map((group) => {
      const old = known.get(group.key);
      return old && isSame(old, group) ? old : group;
    });
    return this.#groups;
  }

  /** A group that is not at its end yet takes more than one that is. */
  #room(key: number, cells: readonly CellHead[], at: number): number {
    for (let next = at + 1; next < Math.min(cells.length, at + MOST); next += 1) {
      const known = this.#keys.get(cells[next]?.cell_id ?? "");
      if (known !== undefined) return known === key ? MOST : GROUP;
    }
    return GROUP;
  }

  #newKey(): number {
    this.#next += 1;
    return this.#next;
  }
}

function isSame(a: Group, b: Group): boolean {
  return (
    a.before === b.before &&
    a.cells.length === b.cells.length &&
    a.cells.every((cell, at) => {
      const other = b.cells[at];
      return cell.cell_id === other?.cell_id && cell.kind === other.kind;
    })
  );
}
