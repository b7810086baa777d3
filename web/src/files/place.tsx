/** Links to the pages of this page. */

import type { ReactNode } from "react";

export interface Places {
  /** The address of a notebook's page, of a folder's, of the page that shows a file. */
  readonly notebook: (path: string) => string;
  readonly folder: (path: string) => string;
  readonly view: (path: string) => string;
  readonly go: (address: string) => void;
}

interface PlaceProps {
  readonly address: string;
  readonly places: Places;
  readonly isHere?: boolean;
  readonly className?: string;
  readonly tabIndex?: number;
  readonly children: ReactNode;
}

/** A link within the page: it opens here, and in a new tab when asked to. */
export function Place(props: PlaceProps) {
  const { address, places, isHere = false, className, tabIndex, children } = props;
  return (
    <a
      href={address}
      className={className}
      tabIndex={tabIndex}
      aria-current={isHere ? "page" : undefined}
      onClick={(event) => {
        if (
          event.defaultPrevented ||
          event.ctrlKey ||
          event.metaKey ||
          event.shiftKey ||
          event.button !== 0
        )
          return;
        event.preventDefault();
        places.go(address);
      }}
    >
      {children}
    </a>
  );
}

export function placeOf(
  places: Places,
  kind: "folder" | "notebook" | "file" | "other",
  path: string,
) {
  return kind === "folder"
    ? places.folder(path)
    : kind === "notebook"
      ? places.notebook(path)
      : places.view(path);
}
