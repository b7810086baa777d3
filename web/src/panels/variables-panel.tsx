/**
 * The kernel's variables, asked for after each execution while the panel is open. A press on
 * one shows what the kernel knows of it.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { messageOf } from "../core/message-of";
import { kernelMood } from "../core/selectors";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { TextWriter } from "../ui/text-writer";
import { counted, sizeWords } from "../ui/words";
import {
  arranged,
  type Order,
  shapeWords,
  totalBytes,
  type Variable,
  type Variables,
  variablesOf,
} from "./variables";

const SETTLE_MS = 60; // cells that follow each other at once are one question
const WITHIN_MS = 6_000;

export function VariablesPanel() {
  const mood = useSession(moodOf);
  const isBridged = useSession(isBridgedOf);
  const { variables, problem } = useVariables();
  const [query, setQuery] = useState("");
  const [order, setOrder] = useState<Order>("name");
  const [inspected, setInspected] = useState<string | null>(null);

  if (mood === "none" || mood === "dead") {
    return (
      <p className="panel-empty">
        No kernel runs, so there are no variables. The first cell you run starts one.
      </p>
    );
  }
  if (isBridged) {
    return (
      <p className="panel-empty">
        This kernel does not tell its variables. Print one in a cell, or ask for the documentation
        of its name there.
      </p>
    );
  }
  const rows = variables?.rows ?? [];
  const shown = arranged(rows, query, order);
  return (
    <>
      <div className="panel-tools">
        <input
          className="field"
          type="search"
          placeholder="Find a variable"
          aria-label="Find a variable"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <select
          className="field"
          aria-label="Order"
          value={order}
          onChange={(event) => setOrder(orderOf(event.target.value))}
        >
          <option value="name">By name</option>
          <option value="size">By size</option>
          <option value="type">By type</option>
        </select>
      </div>
      <div className="panel-body">
        {problem !== null && <p className="panel-problem">{problem}</p>}
        {variables && shown.length === 0 && (
          <p className="panel-empty">
            {rows.length === 0
              ? "Nothing is defined yet. What a cell assigns appears here."
              : "No variable fits."}
          </p>
        )}
        <ul className="variables" aria-label="Variables">
          {shown.map((variable) => (
            <Row
              key={variable.name}
              variable={variable}
              isOpen={inspected === variable.name}
              onToggle={() => setInspected(inspected === variable.name ? null : variable.name)}
            />
          ))}
        </ul>
      </div>
      {variables && (
        <div className="panel-foot">
          {counted(rows.length, "variable")}
          {!variables.isComplete && " (not all: there are too many)"}
          <span title="As far as sizes are known">{sizeWords(totalBytes(rows))}</span>
        </div>
      )}
    </>
  );
}

function orderOf(value: string): Order {
  return value === "size" || value === "type" ? value : "name";
}

interface RowProps {
  readonly variable: Variable;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Row({ variable, isOpen, onToggle }: RowProps) {
  const { name, kind, module, shape, sizeBytes, preview, isChanged } = variable;
  return (
    <li data-variable={name}>
      <button type="button" aria-expanded={isOpen} onClick={onToggle}>
        <span className="variable-name">
          {isChanged && <i className="changed" role="img" aria-label="changed in the last run" />}
          {name}
        </span>
        <span className="variable-type" title={module === "" ? kind : `${module}.${kind}`}>
          {kind}
        </span>
        <span className="variable-shape">{shapeWords(shape)}</span>
        <span className="variable-preview">{preview}</span>
        <span className="variable-size">{sizeBytes === null ? "" : sizeWords(sizeBytes)}</span>
      </button>
      {isOpen && <Inspected variable={variable} />}
    </li>
  );
}

/** Asked anew when the variable looks different. */
function Inspected({ variable }: { readonly variable: Variable }) {
  const session = useNotebook();
  const place = useRef<HTMLPreElement>(null);
  const [text, setText] = useState<string | null>(null);
  const { name, kind, preview } = variable;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another preview is another value
  useEffect(() => {
    const controller = new AbortController();
    const request = { kind: "inspect", code: name, cursor: name.length, detail: 0 } as const;
    session.ask(request, { withinMs: WITHIN_MS, signal: controller.signal }).then(
      ({ found, data }) => {
        const plain =
          typeof data === "object" && data !== null && "text/plain" in data
            ? data["text/plain"]
            : "";
        setText(found === true && typeof plain === "string" ? plain : "It is not there any more.");
      },
      (problem: unknown) => {
        if (!controller.signal.aborted) setText(messageOf(problem));
      },
    );
    return () => controller.abort();
  }, [session, name, kind, preview]);

  useLayoutEffect(() => {
    if (!place.current || text === null) return;
    place.current.replaceChildren();
    new TextWriter(place.current).show(text);
  }, [text]);

  return (
    <section
      className="variable-inspected"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
      tabIndex={0}
      aria-label={`What ${name} is`}
    >
      <pre ref={place} />
    </section>
  );
}

function useVariables(): { variables: Variables | null; problem: string | null } {
  const session = useNotebook();
  const kernelId = useSession(kernelOf);
  const running = useSession(runningOf);
  const isReady = useSession(isReadyOf);
  const [variables, setVariables] = useState<Variables | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another kernel has other variables
  useEffect(() => setVariables(null), [kernelId]);

  // Whenever another execution runs, or none does any more, the one before it is over.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => {
    if (!isReady) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const options = { withinMs: WITHIN_MS, signal: controller.signal };
      session.ask({ kind: "list-variables" }, options).then(
        (answer) => {
          setVariables(variablesOf(answer));
          setProblem(null);
        },
        (reason: unknown) => {
          if (!controller.signal.aborted) setProblem(`Not up to date: ${messageOf(reason)}`);
        },
      );
    }, SETTLE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [session, kernelId, running, isReady]);
  return { variables, problem };
}

const moodOf = (session: Session) => kernelMood(session.state);
const kernelOf = (session: Session) => session.state.kernel.kernel_id;
const runningOf = (session: Session) => session.state.running;
const isReadyOf = (session: Session) =>
  session.state.kernel.phase === "ready" && session.connection.phase === "open";
const isBridgedOf = (session: Session) =>
  session.state.kernel.interpreter?.startsWith("kernelspec:") ?? false;
