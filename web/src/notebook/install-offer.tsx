/**
 * A way out of `No module named …`: installs the package into the kernel's own environment
 * by a cell above, and offers to run the cell again when it is there.
 */

import { missingModule } from "../outputs/error/missing-module";
import type { ErrorOutput, Execution } from "../protocol/generated";
import { useCellOrder, useExecution } from "../store/use-session";
import { useLanguage } from "../sync/notebook-language";
import { useSource } from "../sync/use-notebook";
import { withoutEscapes } from "../ui/ansi";
import { Button } from "../ui/button";
import { useText } from "./source-view";
import { useDesk } from "./use-view";

type Phase = "offered" | "installing" | "installed" | "failed";

interface OfferProps {
  readonly cellId: string;
  readonly error: ErrorOutput;
}

export function InstallOffer({ cellId, error }: OfferProps) {
  const { isPython } = useLanguage();
  if (!isPython) return null;
  const missing = missingModule(error.name, withoutEscapes(error.message));
  return missing && <Offer cellId={cellId} distribution={missing.distribution} />;
}

function Offer({ cellId, distribution }: { cellId: string; distribution: string }) {
  const { commander } = useDesk();
  const cells = useCellOrder();
  const at = cells.findIndex((cell) => cell.cell_id === cellId);
  const above = cells[at - 1]?.cell_id ?? "";
  const source = useText(useSource(above));
  const execution = useExecution(above);
  const phase = source === `%pip install ${distribution}` ? phaseOf(execution) : "offered";
  const name = <code>{distribution}</code>;
  switch (phase) {
    case "offered":
    case "failed":
      return (
        <p className="error-offer">
          <Button icon="download" onClick={() => commander.install(cellId, distribution)}>
            Install {distribution}
          </Button>
          <span>
            {phase === "failed"
              ? "That did not work; see above."
              : "With pip, in a cell above this one."}
          </span>
        </p>
      );
    case "installing":
      return <p className="error-offer">Installing {name} …</p>;
    case "installed":
      return (
        <p className="error-offer">
          <Button icon="run" look="primary" onClick={() => commander.runCells([cellId])}>
            Run this cell again
          </Button>
          <span>{name} is installed.</span>
        </p>
      );
  }
}

function phaseOf(execution: Execution | null): Phase {
  if (execution === null) return "offered";
  if (execution.phase !== "finished") return "installing";
  return execution.status === "ok" && !saysError(execution) ? "installed" : "failed";
}

/** pip's failures are printed; the cell ends well all the same. */
function saysError(execution: Execution): boolean {
  return execution.outputs.items.some(
    (output) =>
      output.kind === "stream" && /^error:/im.test(withoutEscapes(output.tail || output.head)),
  );
}
