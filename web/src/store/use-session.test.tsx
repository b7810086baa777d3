// @vitest-environment happy-dom

import { act, render, screen } from "@testing-library/react";
import { type JSX, useRef } from "react";
import { expect, test } from "vitest";
import type { Event } from "../protocol/generated";
import { SessionStore } from "./session-store";
import { SessionProvider, useCellOrder, useExecution } from "./use-session";

function Cell({ cellId }: { readonly cellId: string }): JSX.Element {
  const execution = useExecution(cellId);
  const draws = useRef(0);
  draws.current += 1;
  const [item] = execution?.outputs.items ?? [];
  const text = item?.kind === "stream" ? item.head : "";
  return (
    <p data-testid={cellId}>
      {draws.current}:{text}
    </p>
  );
}

function Cells(): JSX.Element {
  const cells = useCellOrder();
  return (
    <>
      {cells.map(({ cell_id }) => (
        <Cell key={cell_id} cellId={cell_id} />
      ))}
    </>
  );
}

let sequence = 0;

function happened(store: SessionStore, event: Event): void {
  sequence += 1;
  act(() => {
    store.fold([{ sequence, at: 0, actor: "server", event, operation_id: null, received: 0 }]);
    store.showNow();
  });
}

const queued = (cell_id: string): Event => ({
  kind: "execution-queued",
  execution_id: `run-${cell_id}`,
  cell_id,
  source: "",
  stop_on_error: true,
});

test("text appended to one cell draws that cell again and no other", () => {
  const store = new SessionStore();
  store.setCells([
    { cell_id: "a", kind: "code" },
    { cell_id: "b", kind: "code" },
  ]);
  store.showNow();
  render(
    <SessionProvider value={store}>
      <Cells />
    </SessionProvider>,
  );
  happened(store, queued("a"));
  happened(store, queued("b"));
  const before = screen.getByTestId("b").textContent;
  for (const text of ["one ", "two"]) {
    happened(store, { kind: "text-appended", execution_id: "run-a", stream: "stdout", text });
  }
  expect(screen.getByTestId("a").textContent).toBe("4:one two");
  expect(screen.getByTestId("b").textContent).toBe(before);
  store.close();
});
