/** Whether the outputs of this notebook may use the network; a choice of the person's own. */

import { useMemo } from "react";
import type { NetworkChoice } from "../outputs/place";
import { changeSettings, currentSettings, useSettings } from "../settings/settings-store";

const MOST = 300; // notebooks; the one that was allowed longest ago goes first

export function useOutputNetwork(notebookId: string | null): NetworkChoice {
  const { opensOutputs, opensOutputsOf } = useSettings();
  const isOpened = opensOutputs || (notebookId !== null && opensOutputsOf.includes(notebookId));
  return useMemo(
    () => ({
      isOpened,
      openHere: () => {
        if (notebookId === null) return;
        const others = currentSettings().opensOutputsOf.filter((each) => each !== notebookId);
        changeSettings({ opensOutputsOf: [...others, notebookId].slice(-MOST) });
      },
      openEverywhere: () => changeSettings({ opensOutputs: true }),
    }),
    [isOpened, notebookId],
  );
}
