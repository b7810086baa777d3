import { type ReactNode, useLayoutEffect, useRef } from "react";
import { Button } from "./button";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** A modal dialog: native, so focus stays inside, Escape closes it and the page is inert.
 * The focus goes to what is marked `data-first`, else to the title, which is then read. */
export function Dialog({ title: words, onClose, wide = false, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const title = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return;
    dialog.showModal();
    (dialog.querySelector<HTMLElement>("[data-first]") ?? title.current)?.focus();
    // Closed before it goes, it gives the focus back to where that was.
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={element}
      className="dialog"
      data-wide={wide ? "" : undefined}
      aria-label={words}
      onClose={onClose}
      onKeyDown={(event) => event.stopPropagation()}
      onClick={(event) => {
        if (event.target === element.current) element.current.close();
      }}
    >
      <div className="dialog-head">
        <h2 ref={title} tabIndex={-1}>
          {words}
        </h2>
        <Button icon="close" label="Close" look="quiet" onClick={() => element.current?.close()} />
      </div>
      <div className="dialog-body">{children}</div>
    </dialog>
  );
}
