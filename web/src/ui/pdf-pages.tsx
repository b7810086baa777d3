/**
 * A PDF as pages that scroll: drawn when they come near the screen, with text that can be
 * selected and searched, and links. Its own scripts never run: pdf.js has a sandbox for them,
 * which is not loaded here.
 *
 * Everything it needs (worker, fonts, character maps) is a file of ours.
 */

import type { PDFDocumentLoadingTask, PDFDocumentProxy } from "pdfjs-dist";
import { type FormEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "./button";
import { PdfPage } from "./pdf-page";
import { findInPdf, type PdfMatch } from "./pdf-search";
import "./pdf.css";

/** Bytes that are here, or an address that answers ranges. */
export type PdfSource =
  | { readonly bytes: Uint8Array }
  | {
      readonly address: string;
      readonly headers: { readonly [name: string]: string };
    };

interface PdfPagesProps {
  readonly source: PdfSource;
  readonly label: string;
}

const ZOOMS = [0.5, 0.75, 1, 1.25, 1.5, 2, 3] as const;
const SETTLED_MS = 200;

type Loaded =
  | { readonly kind: "loading"; readonly share: number }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "here"; readonly pdf: PDFDocumentProxy };

export function PdfPages({ source, label }: PdfPagesProps) {
  const loaded = usePdf(source);
  if (loaded.kind === "failed") {
    return (
      <p className="view-problem" role="alert">
        This PDF could not be shown: {loaded.message}
      </p>
    );
  }
  if (loaded.kind === "loading") {
    return (
      <p className="pdf-loading" role="status">
        Loading {loaded.share > 0 ? `${Math.round(loaded.share * 100)} %` : "…"}
      </p>
    );
  }
  return <Pages pdf={loaded.pdf} label={label} />;
}

function usePdf(source: PdfSource): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ kind: "loading", share: 0 });
  useEffect(() => {
    let isOver = false;
    let task: PDFDocumentLoadingTask | null = null;
    const load = async () => {
      const { openPdf } = await import("./pdf-engine");
      if (isOver) return;
      task = openPdf(source);
      task.onProgress = ({ loaded: got, total }: { loaded: number; total: number }) => {
        if (!isOver && total > 0) setLoaded({ kind: "loading", share: Math.min(1, got / total) });
      };
      const pdf = await task.promise;
      if (!isOver) setLoaded({ kind: "here", pdf });
    };
    load().catch((reason: unknown) => {
      const message = reason instanceof Error ? reason.message : String(reason);
      if (!isOver) setLoaded({ kind: "failed", message });
    });
    return () => {
      isOver = true;
      void task?.destroy();
    };
  }, [source]);
  return loaded;
}

function Pages({ pdf, label }: { readonly pdf: PDFDocumentProxy; readonly label: string }) {
  const place = useRef<HTMLElement>(null);
  const kept = useRef(0);
  const [zoom, setZoom] = useState(1);
  const [width, setWidth] = useState(0);
  const [here, setHere] = useState(1);
  const [matches, setMatches] = useState<readonly PdfMatch[] | null>(null);
  const [current, setCurrent] = useState(0);
  const [query, setQuery] = useState("");

  useEffect(() => {
    const box = place.current;
    if (!box) return;
    const watch = new ResizeObserver(() => setWidth(box.clientWidth));
    watch.observe(box);
    return () => watch.disconnect();
  }, []);

  const show = useCallback((page: number) => {
    place.current?.querySelector(`[data-page="${page}"]`)?.scrollIntoView({ block: "start" });
  }, []);

  useEffect(() => {
    const wanted = query.trim();
    if (wanted === "") {
      setMatches(null);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(() => {
      findInPdf(pdf, wanted, stop.signal).then(
        (found) => {
          if (stop.signal.aborted) return;
          setMatches(found);
          setCurrent(0);
          if (found[0]) show(found[0].page);
        },
        () => {}, // the document was let go of meanwhile
      );
    }, SETTLED_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [pdf, query, show]);

  function step(by: number) {
    if (!matches || matches.length === 0) return;
    const next = (current + by + matches.length) % matches.length;
    setCurrent(next);
    const match = matches[next];
    if (match) show(match.page);
  }

  /** What one looks at stays where it is when pages grow. */
  function zoomTo(next: number) {
    const box = place.current;
    kept.current = box ? (box.scrollTop + box.clientHeight / 2) / box.scrollHeight : 0;
    setZoom(next);
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: after each change of the zoom
  useLayoutEffect(() => {
    const box = place.current;
    if (box && kept.current > 0) {
      box.scrollTop = kept.current * box.scrollHeight - box.clientHeight / 2;
    }
  }, [zoom]);

  function zoomBy(by: 1 | -1) {
    const larger = by === 1 ? ZOOMS.find((each) => each > zoom) : undefined;
    const smaller = by === -1 ? ZOOMS.findLast((each) => each < zoom) : undefined;
    zoomTo(larger ?? smaller ?? zoom);
  }

  const match = matches?.[current] ?? null;
  return (
    <div className="pdf">
      <form
        className="pdf-bar"
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          step(1);
        }}
      >
        <span className="pdf-where">
          Page {here} of {pdf.numPages}
        </span>
        <Button
          look="quiet"
          label="Smaller"
          disabled={zoom === ZOOMS[0]}
          onClick={() => zoomBy(-1)}
        >
          −
        </Button>
        <button
          type="button"
          className="button"
          data-look="quiet"
          title="Fit the width"
          onClick={() => zoomTo(1)}
        >
          {Math.round(zoom * 100)} %
        </button>
        <Button
          look="quiet"
          label="Larger"
          disabled={zoom === ZOOMS.at(-1)}
          onClick={() => zoomBy(1)}
        >
          +
        </Button>
        <input
          className="field pdf-search"
          type="search"
          placeholder="Search this PDF"
          aria-label="Search this PDF"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
          onKeyDown={(event) => {
            event.stopPropagation();
            if (event.key === "Enter" && event.shiftKey) {
              event.preventDefault();
              step(-1);
            }
          }}
        />
        <span role="status" className="pdf-found">
          {matches === null
            ? ""
            : matches.length === 0
              ? "Nothing found"
              : `${current + 1} of ${matches.length}`}
        </span>
        {matches !== null && matches.length > 1 && (
          <>
            <Button icon="up" look="quiet" label="Previous match" onClick={() => step(-1)} />
            <Button icon="down" look="quiet" label="Next match" onClick={() => step(1)} />
          </>
        )}
      </form>
      <section
        ref={place}
        className="pdf-pages"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
      >
        {width > 0 &&
          Array.from({ length: pdf.numPages }, (_, index) => (
            <PdfPage
              // biome-ignore lint/suspicious/noArrayIndexKey: pages have no other name
              key={index}
              pdf={pdf}
              number={index + 1}
              zoom={zoom}
              fitWidth={width}
              query={matches && matches.length > 0 ? query.trim() : ""}
              current={match?.page === index + 1 ? match.nth : null}
              onHere={setHere}
              onPage={show}
            />
          ))}
      </section>
    </div>
  );
}
