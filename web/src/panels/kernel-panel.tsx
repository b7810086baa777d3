/** The kernel: how it is, what it uses, what one can do to it, and which Python it is. */

import { type FormEvent, useEffect, useReducer, useState } from "react";
import { type KernelMood, kernelMood } from "../core/selectors";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { metadataIn } from "../sync/cells";
import { useDoc, useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { counted, sizeWords } from "../ui/words";
import { choose, chosenIn, type Interpreter, interpretersNear } from "./interpreters";
import type { PanelProps } from "./side-panel";
import { SAMPLES, useUsage } from "./usage";

const MOODS: Readonly<Record<KernelMood, string>> = {
  none: "No kernel runs. The first cell you run starts one.",
  starting: "Starting",
  idle: "Idle",
  busy: "Busy",
  interrupting: "Interrupting",
  stuck: "Does not stop; interrupted three times",
  dead: "Dead",
};

export function KernelPanel({ acts }: PanelProps) {
  const mood = useSession(moodOf);
  const waiting = useSession(waitingOf);
  const cause = useSession(causeOf);
  const lives = mood !== "none" && mood !== "dead";
  const isBusy = mood === "busy" || mood === "interrupting" || mood === "stuck";
  return (
    <div className="panel-body kernel-panel">
      <p className="kernel-mood">
        <span className="lamp" data-mood={mood} aria-hidden="true" />
        <span>{MOODS[mood]}</span>
        {waiting > 0 && <span className="faint">{counted(waiting, "cell")} waiting</span>}
      </p>
      {mood === "dead" && cause && <p className="panel-problem">{cause.message}</p>}
      {lives && <Gauges />}
      <div className="kernel-acts">
        <Button icon="stop" disabled={!isBusy} onClick={acts.interrupt}>
          Interrupt
        </Button>
        {lives ? (
          <Button icon="restart" onClick={acts.askRestart}>
            Restart …
          </Button>
        ) : (
          <Button icon="run" onClick={acts.start}>
            Start
          </Button>
        )}
        <Button icon="runAll" onClick={() => acts.restart(true)}>
          Restart and run all
        </Button>
        <Button look="danger" disabled={!lives} onClick={acts.stop}>
          Stop the kernel
        </Button>
      </div>
      <Facts />
      <Interpreters lives={lives} restart={() => (lives ? acts.restart(false) : acts.start())} />
    </div>
  );
}

function Gauges() {
  const usage = useUsage();
  const last = usage.at(-1);
  const most = Math.max(...usage.map((each) => each.memoryBytes), 1);
  const cpu = last?.cpuPercent ?? null;
  return (
    <dl className="gauges">
      <div>
        <dt>Memory</dt>
        <dd data-gauge="memory">{last ? sizeWords(last.memoryBytes) : "…"}</dd>
        <Curve values={usage.map((each) => each.memoryBytes / (most * 1.15))} />
      </div>
      <div>
        <dt>Processor</dt>
        <dd data-gauge="cpu">{cpu === null ? "…" : `${cpu} %`}</dd>
        <Curve
          values={usage.map((each) => (each.cpuPercent ?? 0) / Math.max(110, ...usage.map(cpuOf)))}
        />
      </div>
    </dl>
  );
}

const cpuOf = (usage: { readonly cpuPercent: number | null }) => usage.cpuPercent ?? 0;

/** Values from 0 to 1, the newest at the right edge. */
function Curve({ values }: { readonly values: readonly number[] }) {
  if (values.length < 2) return <svg className="curve" viewBox="0 0 59 20" aria-hidden="true" />;
  const left = SAMPLES - values.length;
  const points = values.map((value, at) => `${left + at},${(20 - value * 20).toFixed(2)}`);
  return (
    <svg className="curve" viewBox="0 0 59 20" preserveAspectRatio="none" aria-hidden="true">
      <path data-area="" d={`M${left},20 L${points.join(" L")} L59,20 Z`} />
      <path d={`M${points.join(" L")}`} />
    </svg>
  );
}

function Facts() {
  const kernel = useSession(kernelOf);
  const python = kernel.version?.split(" ", 1)[0] ?? null;
  if (kernel.phase !== "ready" && kernel.phase !== "starting") return null;
  return (
    <dl className="facts">
      {python !== null && <Fact name="Python" value={python} />}
      {kernel.pid !== null && <Fact name="Process" value={String(kernel.pid)} />}
      {kernel.python !== null && <Fact name="Executable" value={kernel.python} />}
    </dl>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Interpreters({
  lives,
  restart,
}: {
  readonly lives: boolean;
  readonly restart: () => void;
}) {
  const doc = useDoc();
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const { found, problem } = useInterpreters();
  const [other, setOther] = useState("");
  const metadata = metadataIn(doc);
  useEffect(() => {
    metadata.observeDeep(redraw);
    return () => metadata.unobserveDeep(redraw);
  }, [metadata]);

  const chosen = chosenIn(metadata);
  const listed: readonly Interpreter[] = found ?? [];
  const isListed = listed.some((each) => each.setting === chosen);

  function take(setting: string | null) {
    doc.transact(() => choose(metadata, setting));
    restart();
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const setting = other.trim();
    if (setting === "") return;
    setOther("");
    take(setting);
  }

  return (
    <section className="interpreters" aria-label="Interpreter">
      <h3>Interpreter</h3>
      {problem !== null && <p className="panel-problem">{problem}</p>}
      <ul>
        {listed.map((each) => (
          <Choice
            key={each.path}
            name={each.setting ?? "The server's own"}
            detail={
              each.problem ?? `${each.python === "" ? "" : `Python ${each.python}, `}${each.path}`
            }
            isProblem={each.problem !== null}
            isChosen={each.setting === chosen}
            lives={lives}
            onTake={() => take(each.setting)}
          />
        ))}
        {chosen !== null && found && !isListed && (
          <Choice
            name={chosen}
            detail="Named by the notebook"
            isProblem={false}
            isChosen
            lives={lives}
            onTake={() => take(chosen)}
          />
        )}
      </ul>
      <form onSubmit={submit}>
        <input
          className="field"
          placeholder="Another: an environment's folder or a Python"
          aria-label="Another interpreter: an environment's folder or a Python"
          value={other}
          onChange={(event) => setOther(event.target.value)}
        />
        <Button type="submit" disabled={other.trim() === ""}>
          Use
        </Button>
      </form>
    </section>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly detail: string;
  readonly isProblem: boolean;
  readonly isChosen: boolean;
  readonly lives: boolean;
  readonly onTake: () => void;
}

function Choice({ name, detail, isProblem, isChosen, lives, onTake }: ChoiceProps) {
  return (
    <li data-chosen={isChosen ? "" : undefined}>
      <span className="interpreter-name">
        {name}
        {isChosen && <span className="faint"> (chosen)</span>}
      </span>
      <span className={isProblem ? "interpreter-problem" : "interpreter-detail"}>{detail}</span>
      {!isChosen && !isProblem && (
        <Button look="quiet" aria-label={`Use ${name}`} onClick={onTake}>
          {lives ? "Use, restart" : "Use"}
        </Button>
      )}
    </li>
  );
}

function useInterpreters(): { found: readonly Interpreter[] | null; problem: string | null } {
  const { server, path } = useNotebook();
  const shown = useSession(pathOf) ?? path;
  const [found, setFound] = useState<readonly Interpreter[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    interpretersNear(server, shown, controller.signal).then(setFound, (reason: unknown) => {
      if (controller.signal.aborted) return;
      setProblem(reason instanceof Error ? reason.message : String(reason));
    });
    return () => controller.abort();
  }, [server, shown]);
  return { found, problem };
}

const moodOf = (session: Session) => kernelMood(session.state);
const waitingOf = (session: Session) => session.state.queue.length;
const causeOf = (session: Session) => session.state.kernel.cause;
const kernelOf = (session: Session) => session.state.kernel;
const pathOf = (session: Session) => session.notebook?.path ?? null;
