/** The list of places where a name is used; a press goes there. */

import { useMemo, useSyncExternalStore } from "react";
import { Palette, type PaletteEntry } from "../palette/palette";
import {
  closeNamePlaces,
  goToSpot,
  type NamePlaces,
  shownNamePlaces,
  subscribeNamePlaces,
} from "./name-places";
import { useDesk } from "./use-view";

export function NameList() {
  const shown = useSyncExternalStore(subscribeNamePlaces, shownNamePlaces);
  return shown && <Shown shown={shown} />;
}

function Shown({ shown }: { readonly shown: NamePlaces }) {
  const { commander } = useDesk();
  const entries = useMemo(
    () =>
      shown.places.map(
        (place, at): PaletteEntry => ({
          id: `place-${at}`,
          title: place.text,
          group: `Cell ${place.number}`,
          keys: [place.defines ? "defined" : `line ${place.line}`],
          run: () => goToSpot(commander, place),
        }),
      ),
    [shown, commander],
  );
  return (
    <Palette
      entries={entries}
      title={`Uses of ${shown.name}`}
      placeholder="Find among them"
      isLasting={false}
      onClose={closeNamePlaces}
    />
  );
}
