import { useMemo } from "react";
import { Button } from "../../ui/button";
import { sizeWords } from "../../ui/words";
import { asBlob, save } from "../picture-file";

const MIME = "application/pdf";

/** A document: what it is, and a way to have it. */
export function PdfView({ value }: { readonly value: unknown }) {
  const content = useMemo(() => asBlob(value, MIME), [value]);
  return (
    <div className="fold">
      <span>A PDF document, {sizeWords(content.size)}</span>
      <Button look="quiet" icon="download" onClick={() => save("output.pdf", content)}>
        Save
      </Button>
    </div>
  );
}
