/**
 * A text file in an editor. Saved a moment after one stops typing (unless the settings say
 * otherwise), when asked to, and when one leaves; never over what somebody else wrote.
 */

import { useCallback, useEffect, useRef, useState } from "react";
import { messageOf } from "../core/message-of";
import type { TextEditor } from "../editor/text-editor";
import { useSettings } from "../settings/settings-store";
import { type Server, ServerError } from "../sync/server";
import { Button } from "../ui/button";
import { notify } from "../ui/notices";
import { ANYTHING, readText, writeText } from "./text-file";

interface TextViewProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
  /** Called when the file turns out to be no text; null: that is told as a problem. */
  readonly onNotText: (() => void) | null;
  /** Called with why nothing of it can be shown. */
  readonly onFailed: (why: string) => void;
}

type State =
  | { readonly kind: "loading" | "saved" | "changed" | "saving" }
  | { readonly kind: "problem"; readonly text: string }
  | { readonly kind: "conflict" };

const SETTLED_MS = 1_000;

const WORDS = { loading: "", saved: "Saved", changed: "Not saved", saving: "Saving …" } as const;

export function TextView({ server, path, name, onNotText, onFailed }: TextViewProps) {
  const notText = useRef(onNotText);
  notText.current = onNotText;
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<TextEditor | null>(null);
  const digest = useRef("");
  const unsaved = useRef(false);
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
        unsaved.current = open.text !== text;
        setState({ kind: unsaved.current ? "changed" : "saved" });
      } catch (reason) {
        const isConflict = reason instanceof ServerError && reason.code === "file.changed";
        if (isConflict) setState({ kind: "conflict" });
        else setState({ kind: "problem", text: messageOf(reason) });
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
        onChange: () => {
          unsaved.current = true;
          setState({ kind: "changed" });
        },
        onSave: () => void save(),
      });
      setState({ kind: "saved" });
    };
    open().catch((reason: unknown) => {
      if (controller.signal.aborted) return;
      const isNoText = reason instanceof ServerError && reason.code === "file.not-text";
      if (isNoText && notText.current) notText.current();
      else onFailed(messageOf(reason));
    });
    return () => {
      controller.abort();
      const open = editor.current;
      editor.current = null;
      if (open && unsaved.current) {
        unsaved.current = false;
        writeText(server, path, open.text, digest.current).catch((reason: unknown) =>
          notify({ text: `${name} was not saved: ${messageOf(reason)}`, tone: "failure" }),
        );
      }
      open?.destroy();
    };
  }, [server, path, name, save, round, onFailed]);

  const { autosaves } = useSettings();
  const isChanged = state.kind === "changed";
  // biome-ignore lint/correctness/useExhaustiveDependencies: each key begins the wait anew
  useEffect(() => {
    if (!autosaves || !isChanged) return;
    const timer = setTimeout(() => void save(), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [autosaves, isChanged, save, state]);

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
            <Button
              onClick={() => {
                unsaved.current = false;
                setRound(round + 1);
              }}
            >
              Take the file's
            </Button>
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
