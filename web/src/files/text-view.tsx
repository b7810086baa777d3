/** A text file in an editor; saved when asked to, never over what somebody else wrote. */

import { useCallback, useEffect, useRef, useState } from "react";
import type { TextEditor } from "../editor/text-editor";
import { type Server, ServerError } from "../sync/server";
import { Button } from "../ui/button";
import { ANYTHING, readText, writeText } from "./text-file";

interface TextViewProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
}

type State =
  | { readonly kind: "loading" | "saved" | "changed" | "saving" }
  | { readonly kind: "problem"; readonly text: string }
  | { readonly kind: "conflict" };

const WORDS = { loading: "", saved: "Saved", changed: "Not saved", saving: "Saving …" } as const;

export function TextView({ server, path, name }: TextViewProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<TextEditor | null>(null);
  const digest = useRef("");
  const [state, setState] = useState<State>({ kind: "loading" });
  const [round, setRound] = useState(0);

  const save = useCallback(
    async (expected?: string) => {
      const open = editor.current;
      if (!open) return;
      const { text } = open;
      setState({ kind: "saving" });
      try {
        digest.current = await writeText(server, path, text, expected ?? digest.current);
        setState({ kind: open.text === text ? "saved" : "changed" });
      } catch (reason) {
        const isConflict = reason instanceof ServerError && reason.code === "file.changed";
        if (isConflict) setState({ kind: "conflict" });
        else setState({ kind: "problem", text: said(reason) });
      }
    },
    [server, path],
  );

  // biome-ignore lint/correctness/useExhaustiveDependencies: another round reads the file anew
  useEffect(() => {
    const controller = new AbortController();
    const open = async () => {
      const [{ TextEditor }, file] = await Promise.all([
        import("../editor/text-editor"),
        readText(server, path, controller.signal),
      ]);
      if (controller.signal.aborted || !place.current) return;
      digest.current = file.digest;
      editor.current = new TextEditor(place.current, {
        text: file.text,
        name,
        label: name,
        onChange: () => setState({ kind: "changed" }),
        onSave: () => void save(),
      });
      setState({ kind: "saved" });
    };
    open().catch((reason: unknown) => {
      if (!controller.signal.aborted) setState({ kind: "problem", text: said(reason) });
    });
    return () => {
      controller.abort();
      editor.current?.destroy();
      editor.current = null;
    };
  }, [server, path, name, save, round]);

  const isUnsaved = state.kind !== "loading" && state.kind !== "saved";
  useEffect(() => {
    if (!isUnsaved) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, [isUnsaved]);

  return (
    <>
      <div className="view-state">
        <span role="status" data-state={state.kind}>
          {state.kind === "problem"
            ? state.text
            : state.kind === "conflict"
              ? "The file was changed by another program."
              : WORDS[state.kind]}
        </span>
        {state.kind === "conflict" && (
          <>
            <Button onClick={() => void save(ANYTHING)}>Keep what is here</Button>
            <Button onClick={() => setRound(round + 1)}>Take the file's</Button>
          </>
        )}
        {(state.kind === "changed" || state.kind === "problem") && editor.current && (
          <Button look="primary" title="Ctrl+S" onClick={() => void save()}>
            Save
          </Button>
        )}
      </div>
      <div ref={place} className="view-text" />
    </>
  );
}

function said(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
