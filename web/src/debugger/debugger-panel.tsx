/** The debugger beside the cells: where the code stands, its variables, what to do next. */

import { type FormEvent, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { messageOf } from "../core/message-of";
import type { Session } from "../store/session";
import { useCellOrder, useSession } from "../store/use-session";
import { useLanguage } from "../sync/notebook-language";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import type { Scope, Variable } from "./adapter";
import type { CellFrame, DebugDesk, DebugState, Stopped } from "./desk";
import "./debugger.css";

interface DebuggerPanelProps {
  readonly debug: DebugDesk;
  readonly goTo: (cellId: string) => void;
  readonly interrupt: () => void;
}

const REASONS: Readonly<Record<string, string>> = {
  breakpoint: "Stopped at a breakpoint",
  step: "Stopped after a step",
  exception: "Stopped where an error was raised",
  pause: "Stopped",
};

export function DebuggerPanel({ debug, goTo, interrupt }: DebuggerPanelProps) {
  const state = useSyncExternalStore(debug.subscribe, debug.getSnapshot);
  const phase = useSession(phaseOf);
  const isBridged = useSession(isBridgedOf);
  const { isPython } = useLanguage();
  if (!isPython || isBridged) {
    return <p className="panel-empty">Only our own Python kernels can be debugged from here.</p>;
  }
  const { stopped } = state;
  const isOn = state.phase === "on";
  return (
    <div className="panel-body debugger">
      <div className="debugger-head">
        <Button
          icon="bug"
          look={isOn ? "plain" : "primary"}
          disabled={phase !== "ready" || state.phase === "starting"}
          onClick={() => void debug.toggle()}
        >
          {isOn ? "Turn off" : state.phase === "starting" ? "Starting …" : "Turn on"}
        </Button>
        <span className="faint" role="status">
          {stopped
            ? (REASONS[stopped.reason] ?? "Stopped")
            : isOn
              ? "On. Cells stop at breakpoints."
              : phase !== "ready"
                ? "Needs a kernel that runs."
                : "Off"}
        </span>
      </div>
      {state.problem !== null && (
        <p className="panel-problem" role="alert">
          {state.problem}
        </p>
      )}
      <Steps debug={debug} canStep={stopped !== null} interrupt={interrupt} />
      {stopped && <Frames stopped={stopped} debug={debug} />}
      {stopped && stopped.frame !== null && (
        <section className="debugger-part" aria-label="Variables of the frame">
          <h3>Variables</h3>
          {stopped.scopes.map((scope, at) => (
            <ScopeView
              key={`${stopped.frame} ${scope.reference}`}
              debug={debug}
              scope={scope}
              isFirst={at === 0}
            />
          ))}
          <Evaluate key={stopped.frame} debug={debug} frame={stopped.frame} />
        </section>
      )}
      <Breakpoints debug={debug} state={state} goTo={goTo} />
    </div>
  );
}

interface StepsProps {
  readonly debug: DebugDesk;
  readonly canStep: boolean;
  readonly interrupt: () => void;
}

function Steps({ debug, canStep, interrupt }: StepsProps) {
  return (
    <div className="debugger-steps" role="toolbar" aria-label="Steps">
      <Button
        icon="run"
        label="Continue (F5)"
        disabled={!canStep}
        onClick={() => void debug.step("continue")}
      />
      <Button
        icon="stepOver"
        label="Step over (F10)"
        disabled={!canStep}
        onClick={() => void debug.step("next")}
      />
      <Button
        icon="stepIn"
        label="Step in (F11)"
        disabled={!canStep}
        onClick={() => void debug.step("stepIn")}
      />
      <Button
        icon="stepOut"
        label="Step out (Shift+F11)"
        disabled={!canStep}
        onClick={() => void debug.step("stepOut")}
      />
      <Button
        icon="stop"
        label="Stop: interrupt the cell (Shift+F5)"
        disabled={!canStep}
        onClick={interrupt}
      />
    </div>
  );
}

function useCellName(): (frame: { readonly cellId: string | null; path?: string }) => string {
  const cells = useCellOrder();
  return ({ cellId, path }) => {
    const number = cells.findIndex((cell) => cell.cell_id === cellId) + 1;
    return number > 0 ? `Cell ${number}` : (path?.split(/[\\/]/).at(-1) ?? "");
  };
}

function Frames({ stopped, debug }: { readonly stopped: Stopped; readonly debug: DebugDesk }) {
  const nameOf = useCellName();
  const where = (frame: CellFrame) => `${nameOf(frame)}, line ${frame.line}`;
  return (
    <section className="debugger-part" aria-label="Call stack">
      <h3>Call stack</h3>
      <ul>
        {stopped.frames.map((frame) => (
          <li key={frame.id}>
            <button
              type="button"
              className="debugger-row"
              aria-pressed={frame.id === stopped.frame}
              onClick={() => void debug.look(frame.id)}
            >
              <code>{frame.name}</code>
              <span className="faint">{where(frame)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ScopeView(props: {
  readonly debug: DebugDesk;
  readonly scope: Scope;
  readonly isFirst: boolean;
}) {
  const { debug, scope, isFirst } = props;
  const [isOpen, setOpen] = useState(isFirst);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{scope.name}</summary>
      {isOpen && <Parts debug={debug} reference={scope.reference} />}
    </details>
  );
}

/** What is inside, asked for when it is opened. */
function Parts({ debug, reference }: { readonly debug: DebugDesk; readonly reference: number }) {
  const [found, setFound] = useState<readonly Variable[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const ask = useCallback(
    async () => (await debug.loaded()).adapter.variables(reference),
    [debug, reference],
  );
  useEffect(() => {
    let isHere = true;
    ask().then(
      (variables) => isHere && setFound(variables),
      (reason: unknown) => {
        if (isHere) setProblem(messageOf(reason));
      },
    );
    return () => {
      isHere = false;
    };
  }, [ask]);
  if (problem !== null) return <p className="panel-problem">{problem}</p>;
  if (found?.length === 0) return <p className="faint">Nothing</p>;
  return (
    <ul className="debugger-variables">
      {found?.map((variable) => (
        <VariableView key={variable.name} debug={debug} variable={variable} />
      ))}
    </ul>
  );
}

function VariableView(props: { readonly debug: DebugDesk; readonly variable: Variable }) {
  const { debug, variable } = props;
  const [isOpen, setOpen] = useState(false);
  const words = (
    <>
      <code className="debugger-name">{variable.name}</code>
      <code className="debugger-value" title={`${variable.type}: ${variable.value}`}>
        {variable.value}
      </code>
    </>
  );
  if (variable.reference === 0) return <li className="debugger-variable">{words}</li>;
  return (
    <li>
      <button
        type="button"
        className="debugger-variable"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name={isOpen ? "down" : "right"} />
        {words}
      </button>
      {isOpen && <Parts debug={debug} reference={variable.reference} />}
    </li>
  );
}

function Evaluate({ debug, frame }: { readonly debug: DebugDesk; readonly frame: number }) {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<Variable | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  function submit(event: FormEvent) {
    event.preventDefault();
    const expression = typed.trim();
    if (expression === "") return;
    setProblem(null);
    const asking = debug.loaded().then(({ adapter }) => adapter.evaluate(expression, frame));
    asking.then(setFound, (reason: unknown) => {
      setFound(null);
      setProblem(messageOf(reason));
    });
  }
  return (
    <form className="debugger-evaluate" onSubmit={submit}>
      <input
        className="field"
        placeholder="Evaluate here"
        aria-label="Evaluate an expression in this frame"
        spellCheck={false}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {found && (
        <ul className="debugger-variables" aria-label="Result">
          <VariableView key={`${found.name} ${found.reference}`} debug={debug} variable={found} />
        </ul>
      )}
      {problem !== null && <p className="panel-problem">{problem}</p>}
    </form>
  );
}

function Breakpoints(props: {
  readonly debug: DebugDesk;
  readonly state: DebugState;
  readonly goTo: (cellId: string) => void;
}) {
  const { debug, state, goTo } = props;
  const nameOf = useCellName();
  const cells = useCellOrder();
  const all = cells.flatMap(({ cell_id }) =>
    (state.breakpoints.get(cell_id) ?? []).map((line) => ({ cellId: cell_id, line })),
  );
  return (
    <section className="debugger-part" aria-label="Breakpoints">
      <h3>Breakpoints</h3>
      <label className="debugger-check">
        <input
          type="checkbox"
          checked={state.stopsAtExceptions}
          disabled={state.phase !== "on"}
          onChange={(event) => void debug.stopAtExceptions(event.target.checked)}
        />
        Stop where an error is raised
      </label>
      {all.length === 0 ? (
        <p className="faint">None. Press beside a line.</p>
      ) : (
        <ul>
          {all.map(({ cellId, line }) => (
            <li key={`${cellId} ${line}`} className="debugger-breakpoint">
              <button type="button" className="debugger-row" onClick={() => goTo(cellId)}>
                <span className="debugger-dot" aria-hidden="true" />
                {nameOf({ cellId })}, line {line}
              </button>
              <Button
                icon="close"
                look="quiet"
                label={`Remove the breakpoint in ${nameOf({ cellId })}, line ${line}`}
                onClick={() => void debug.toggleBreakpoint(cellId, line)}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const phaseOf = (session: Session) => session.state.kernel.phase;
const isBridgedOf = (session: Session) =>
  session.state.kernel.interpreter?.startsWith("kernelspec:") ?? false;
