/**
 * A button that opens a list of actions. The list is a native popover: it is drawn above
 * everything, closes on Escape and on a click elsewhere, and gives the focus back.
 */

import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { Button } from "./button";
import { Icon, type IconName } from "./icon";

export interface MenuAction {
  readonly label: string;
  readonly run: () => void;
  readonly icon?: IconName;
  readonly shortcut?: string | undefined;
  readonly disabled?: boolean;
  readonly danger?: boolean;
}

/** `null` draws a separator. */
export type MenuEntry = MenuAction | null;

interface MenuProps {
  readonly label: string;
  readonly icon?: IconName;
  readonly look?: "plain" | "quiet" | "primary";
  readonly children?: ReactNode;
  readonly className?: string;
  /** Made when the menu opens, so that it says what is true then. */
  readonly entries: () => readonly MenuEntry[];
}

const MARGIN_PX = 8;

export function Menu({ label, icon, look = "quiet", children, className, entries }: MenuProps) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<readonly MenuEntry[] | null>(null);

  function place() {
    const [from, to] = [button.current, list.current];
    if (!from || !to) return;
    const anchor = from.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = to;
    const below = anchor.bottom + 4;
    const top = below + height + MARGIN_PX > window.innerHeight ? anchor.top - height - 4 : below;
    const left = Math.min(anchor.left, window.innerWidth - width - MARGIN_PX);
    to.style.top = `${Math.max(MARGIN_PX, top)}px`;
    to.style.left = `${Math.max(MARGIN_PX, left)}px`;
    to.querySelector<HTMLButtonElement>("button:not(:disabled)")?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    const buttons = [
      ...(list.current?.querySelectorAll<HTMLElement>("button:not(:disabled)") ?? []),
    ];
    const focused = document.activeElement;
    const at = focused instanceof HTMLElement ? buttons.indexOf(focused) : -1;
    const next = {
      ArrowDown: buttons[(at + 1) % buttons.length],
      ArrowUp: buttons[(at - 1 + buttons.length) % buttons.length],
      Home: buttons[0],
      End: buttons.at(-1),
    }[event.key];
    event.stopPropagation();
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }

  return (
    <>
      <Button
        ref={button}
        {...(icon ? { icon } : {})}
        {...(className ? { className } : {})}
        look={look}
        label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={shown !== null}
        onClick={() => {
          setShown(entries());
          list.current?.showPopover();
        }}
      >
        {children}
      </Button>
      <div
        id={id}
        ref={list}
        className="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        tabIndex={-1}
        onKeyDown={onKeyDown}
        onToggle={(event) => {
          if (event.newState === "open") place();
          else setShown(null);
        }}
      >
        {shown?.map((entry, position) =>
          entry === null ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: an opened menu does not change
            <hr key={position} />
          ) : (
            <button
              key={entry.label}
              type="button"
              role="menuitem"
              className="menu-item"
              disabled={entry.disabled}
              data-danger={entry.danger ? "" : undefined}
              onClick={() => {
                list.current?.hidePopover();
                entry.run();
              }}
            >
              {entry.icon && <Icon name={entry.icon} />}
              <span>{entry.label}</span>
              {entry.shortcut && <kbd>{entry.shortcut}</kbd>}
            </button>
          ),
        )}
      </div>
    </>
  );
}
