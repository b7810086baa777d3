import { expect, test } from "vitest";
import * as Y from "yjs";
import { NotebookDocument } from "./document";
import type { Outcome } from "./session-connection";

/** A document whose updates are answered when the test says so. */
function openDocument() {
  const answers: ((outcome: Outcome) => void)[] = [];
  let count = 0;
  const document = new NotebookDocument({
    world: { after: () => () => {}, now: () => 0 },
    newId: () => {
      count += 1;
      return `o${count}`;
    },
    send: () => new Promise((resolve) => answers.push(resolve)),
    cellsChanged: () => {},
    unsentChanged: () => {},
    keep: () => {},
    conflicted: () => {},
    editRefused: () => {},
  });
  document.load("g1", Y.encodeStateAsUpdate(new Y.Doc()));
  return { document, answer: (outcome: Outcome) => answers.shift()?.(outcome), answers };
}

async function isOver(promise: Promise<void>): Promise<boolean> {
  let over = false;
  void promise.then(() => {
    over = true;
  });
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return over;
}

const done: Outcome = { kind: "done", sequence: 1 };

test("who asks that edits are delivered waits for those until then, and no longer", async () => {
  const { document, answer, answers } = openDocument();
  expect(await isOver(document.delivered())).toBe(true);
  document.metadata.set("a", 1);
  const delivered = document.delivered();
  expect(answers).toHaveLength(1); // sent at once, not when its time comes
  expect(await isOver(delivered)).toBe(false);
  document.metadata.set("b", 2);
  document.flush();
  answer(done);
  expect(await isOver(delivered)).toBe(true);
});

test("an edit that had no room is delivered with the one that takes its place", async () => {
  const { document, answer } = openDocument();
  document.metadata.set("a", 1);
  const delivered = document.delivered();
  answer({ kind: "refused", refusal: { code: "log.full", message: "full" } });
  expect(await isOver(delivered)).toBe(false);
  document.resendHeld();
  expect(await isOver(delivered)).toBe(false);
  answer(done);
  expect(await isOver(delivered)).toBe(true);
});
