/** Another kernel for the notebook, from the header, the palette or a banner. */

import { kernelMood } from "../core/selectors";
import { KernelChoice } from "../panels/kernel-choice";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { Dialog } from "../ui/dialog";
import { useDesk } from "./use-view";

export function KernelDialog({ onClose }: { readonly onClose: () => void }) {
  const lives = useSession(livesOf);
  const { commander } = useDesk();
  return (
    <Dialog title="Change the kernel" wide onClose={onClose}>
      <p>
        {lives
          ? "Another kernel starts with nothing: the variables of this one are lost. Cells and outputs stay."
          : "It starts with the first cell you run."}
      </p>
      <div className="kernel-choice">
        <KernelChoice
          lives={lives}
          onTaken={() => {
            if (lives) commander.restart();
            onClose();
          }}
        />
      </div>
    </Dialog>
  );
}

const livesOf = (session: Session) => {
  const mood = kernelMood(session.state);
  return mood !== "none" && mood !== "dead";
};
