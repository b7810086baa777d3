/** The kernel: how it is, what it uses, what one can do to it, and which Python it is. */

import { type KernelMood, kernelMood } from "../core/selectors";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { Button } from "../ui/button";
import { counted, sizeWords } from "../ui/words";
import { KernelChoice } from "./kernel-choice";
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
      <KernelChoice lives={lives} onTaken={() => (lives ? acts.restart(false) : acts.start())} />
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
  const isBridged = kernel.interpreter?.startsWith("kernelspec:") ?? false;
  const version = isBridged ? kernel.version : (kernel.version?.split(" ", 1)[0] ?? null);
  if (kernel.phase !== "ready" && kernel.phase !== "starting") return null;
  return (
    <dl className="facts">
      {version !== null && <Fact name={isBridged ? "Language" : "Python"} value={version} />}
      {kernel.pid !== null && <Fact name="Process" value={String(kernel.pid)} />}
      {kernel.python !== null && (
        <Fact name={isBridged ? "Kernel" : "Executable"} value={kernel.python} />
      )}
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

const moodOf = (session: Session) => kernelMood(session.state);
const waitingOf = (session: Session) => session.state.queue.length;
const causeOf = (session: Session) => session.state.kernel.cause;
const kernelOf = (session: Session) => session.state.kernel;
