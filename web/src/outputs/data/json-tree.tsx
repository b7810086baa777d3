/** A JSON value as a tree that opens level by level; only what is open exists. */

import { useState } from "react";
import { Button } from "../../ui/button";
import { counted } from "../../ui/words";

const SHOWN = 100; // children at once; more come on request
const LONG_TEXT = 400; // characters; what is a little longer is shown whole
const LITTLE = 40;

interface TreeProps {
  readonly value: unknown;
  readonly name?: string;
  readonly depth?: number;
}

export function JsonTree({ value, name, depth = 0 }: TreeProps) {
  if (typeof value !== "object" || value === null) {
    return (
      <div className="json-leaf">
        {name !== undefined && <span className="json-name">{name}: </span>}
        <Leaf value={value} />
      </div>
    );
  }
  return <Branch value={value} depth={depth} {...(name === undefined ? {} : { name })} />;
}

function Branch({ value, name, depth }: { value: object; name?: string; depth: number }) {
  const [isOpen, setOpen] = useState(depth < 1);
  const [shown, setShown] = useState(SHOWN);
  const isList = Array.isArray(value);
  const children = Object.entries(value);
  return (
    <details
      className="json-branch"
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>
        {name !== undefined && <span className="json-name">{name}: </span>}
        <span className="json-count">
          {isList
            ? `[ ${counted(children.length, "item")} ]`
            : `{ ${counted(children.length, "key")} }`}
        </span>
      </summary>
      {isOpen &&
        children
          .slice(0, shown)
          .map(([key, child]) => (
            <JsonTree
              key={key}
              name={isList ? key : JSON.stringify(key)}
              value={child}
              depth={depth + 1}
            />
          ))}
      {isOpen && children.length > shown && (
        <Button look="quiet" onClick={() => setShown(shown + 10 * SHOWN)}>
          {counted(children.length - shown, "more item")}
        </Button>
      )}
    </details>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [isWhole, setWhole] = useState(false);
  const text = JSON.stringify(value) ?? "null";
  if (text.length <= LONG_TEXT + LITTLE || isWhole)
    return <span data-json={typeof value}>{text}</span>;
  return (
    <>
      <span data-json={typeof value}>{text.slice(0, LONG_TEXT)}…</span>
      <Button look="quiet" onClick={() => setWhole(true)}>
        {counted(text.length - LONG_TEXT, "more character")}
      </Button>
    </>
  );
}
