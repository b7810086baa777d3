/** A PDF under a cell: its pages in a box that scrolls, by the same viewer as a file's. */

import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { PdfSource } from "../../ui/pdf-pages";
import { asBlob } from "../picture-file";

const PdfPages = lazy(async () => ({ default: (await import("../../ui/pdf-pages")).PdfPages }));

export function PdfView({ value }: { readonly value: unknown }) {
  const content = useMemo(() => asBlob(value, "application/pdf"), [value]);
  const [source, setSource] = useState<PdfSource | null>(null);
  useEffect(() => {
    let isOver = false;
    void content.arrayBuffer().then((bytes) => {
      if (!isOver) setSource({ bytes: new Uint8Array(bytes) });
    });
    return () => {
      isOver = true;
    };
  }, [content]);
  return (
    <div className="pdf-output">
      {source && (
        <Suspense>
          <PdfPages source={source} label="A PDF this cell made" />
        </Suspense>
      )}
    </div>
  );
}
