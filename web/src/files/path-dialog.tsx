/** Asks for a name or a path, and says what is wrong with it where it was typed. */

import { type FormEvent, useEffect, useRef, useState } from "react";
import { messageOf } from "../core/message-of";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";

interface PathDialogProps {
  readonly title: string;
  readonly label: string;
  readonly act: string;
  readonly value: string;
  /** How much of the value is selected at first: a name without its ending. */
  readonly selected?: number;
  readonly mayBeEmpty?: boolean;
  /** Rejects with what is wrong. */
  readonly onSubmit: (value: string) => Promise<unknown>;
  readonly onClose: () => void;
}

export function PathDialog(props: PathDialogProps) {
  const { title, label, act, selected, mayBeEmpty = false, onSubmit, onClose } = props;
  const [value, setValue] = useState(props.value);
  const [problem, setProblem] = useState("");
  const [isBusy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const isEmpty = value.trim() === "" && !mayBeEmpty;

  useEffect(() => {
    const input = field.current;
    input?.setSelectionRange(0, selected ?? input.value.length);
  }, [selected]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (isEmpty || isBusy) return;
    setBusy(true);
    try {
      await onSubmit(value.trim());
      onClose();
    } catch (reason) {
      setProblem(messageOf(reason));
      setBusy(false);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {label}
          <input
            ref={field}
            className="field"
            data-first=""
            autoComplete="off"
            spellCheck={false}
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        </label>
        {problem !== "" && (
          <p className="field-problem" role="alert">
            {problem}
          </p>
        )}
        <div className="dialog-actions">
          <Button look="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" look="primary" disabled={isEmpty || isBusy}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
