/** Which kernel the notebook has: a Python nearby, or one of Jupyter's in any language. */

import { type FormEvent, useEffect, useReducer, useState } from "react";
import { messageOf } from "../core/message-of";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { metadataIn } from "../sync/cells";
import { useDoc, useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import {
  choose,
  chooseKernelspec,
  chosenIn,
  type Kernels,
  type Kernelspec,
  kernelsNear,
} from "./interpreters";

interface KernelChoiceProps {
  /** A kernel lives: another choice restarts it. */
  readonly lives: boolean;
  /** Something else was chosen; the notebook says so already. */
  readonly onTaken: () => void;
}

export function KernelChoice({ lives, onTaken }: KernelChoiceProps) {
  const doc = useDoc();
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const { found, problem } = useKernels();
  const metadata = metadataIn(doc);
  useEffect(() => {
    metadata.observeDeep(redraw);
    return () => metadata.unobserveDeep(redraw);
  }, [metadata]);

  const chosen = chosenIn(metadata, found?.kernelspecs);
  const settings = [...(found?.interpreters ?? []), ...(found?.kernelspecs ?? [])];
  const isListed = settings.some((each) => each.setting === chosen);

  function take(change: () => void) {
    doc.transact(change);
    onTaken();
  }
  const takePython = (setting: string | null) => take(() => choose(metadata, setting));
  const takeKernel = (spec: Kernelspec) => take(() => chooseKernelspec(metadata, spec));

  return (
    <>
      <section className="interpreters" aria-label="Interpreter">
        <h3>Python</h3>
        {problem !== null && <p className="panel-problem">{problem}</p>}
        <ul>
          {found?.interpreters.map((each) => (
            <Choice
              key={each.path}
              name={each.setting ?? "The server's own"}
              detail={
                each.problem ?? `${each.python === "" ? "" : `Python ${each.python}, `}${each.path}`
              }
              isProblem={each.problem !== null}
              isChosen={each.setting === chosen}
              lives={lives}
              onTake={() => takePython(each.setting)}
            />
          ))}
          {chosen !== null && found && !isListed && (
            <Choice
              name={chosen.replace(/^kernelspec:/, "")}
              detail={
                chosen.startsWith("kernelspec:")
                  ? "Named by the notebook, not installed here"
                  : "Named by the notebook"
              }
              isProblem={chosen.startsWith("kernelspec:")}
              isChosen
              lives={lives}
              onTake={() => {}}
            />
          )}
        </ul>
        <OtherPython onTake={takePython} />
      </section>
      {found && found.kernelspecs.length > 0 && (
        <section className="interpreters" aria-label="Installed kernels">
          <h3>Installed kernels</h3>
          <ul>
            {found.kernelspecs.map((each) => (
              <Choice
                key={each.setting}
                name={each.title}
                detail={each.problem ?? `${each.language}, ${each.folder}`}
                isProblem={each.problem !== null}
                isChosen={each.setting === chosen}
                lives={lives}
                onTake={() => takeKernel(each)}
              />
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function OtherPython({ onTake }: { readonly onTake: (setting: string) => void }) {
  const [other, setOther] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    const setting = other.trim();
    if (setting === "") return;
    setOther("");
    onTake(setting);
  }
  return (
    <form onSubmit={submit}>
      <input
        className="field"
        placeholder="Another environment or Python"
        aria-label="Another interpreter: an environment's folder or a Python"
        value={other}
        onChange={(event) => setOther(event.target.value)}
      />
      <Button type="submit" disabled={other.trim() === ""}>
        Use
      </Button>
    </form>
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
  const words = lives ? "Use, restart" : "Use";
  return (
    <li data-chosen={isChosen ? "" : undefined}>
      <span className="interpreter-name">
        {name}
        {isChosen && <span className="faint"> (chosen)</span>}
      </span>
      <span className={isProblem ? "interpreter-problem" : "interpreter-detail"}>{detail}</span>
      {!isChosen && !isProblem && (
        <Button look="quiet" label={`${words} ${name}`} onClick={onTake}>
          {words}
        </Button>
      )}
    </li>
  );
}

function useKernels(): { found: Kernels | null; problem: string | null } {
  const { server, path } = useNotebook();
  const shown = useSession(pathOf) ?? path;
  const [found, setFound] = useState<Kernels | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    kernelsNear(server, shown, controller.signal).then(setFound, (reason: unknown) => {
      if (controller.signal.aborted) return;
      setProblem(messageOf(reason));
    });
    return () => controller.abort();
  }, [server, shown]);
  return { found, problem };
}

const pathOf = (session: Session) => session.notebook?.path ?? null;
