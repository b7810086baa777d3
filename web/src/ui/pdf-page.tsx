/** One page of a PDF: its place at once, its drawing, text and links when it comes near. */

import type { PageViewport, PDFDocumentProxy, PDFPageProxy } from "pdfjs-dist";
import { useEffect, useRef, useState } from "react";
import { placesOf } from "./pdf-search";

interface PdfPageProps {
  readonly pdf: PDFDocumentProxy;
  readonly number: number;
  /** 1 fits the width. */
  readonly zoom: number;
  readonly fitWidth: number;
  /** What is marked, and which of the marks is the one looked at. */
  readonly query: string;
  readonly current: number | null;
  readonly onHere: (page: number) => void;
  readonly onPage: (page: number) => void;
}

const MARGIN_PX = 48;
const WIDEST_PX = 900;
const NEAR = "150% 0px";
const LARGEST_PIXELS = 1 << 24; // of one canvas

interface Link {
  readonly rect: readonly [number, number, number, number];
  readonly href: string | null;
  readonly page: number | null;
}

export function PdfPage(props: PdfPageProps) {
  const { pdf, number, zoom, fitWidth, query, current, onHere, onPage } = props;
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const [isNear, setNear] = useState(number === 1);
  const [page, setPage] = useState<PDFPageProxy | null>(null);
  const [links, setLinks] = useState<readonly Link[]>([]);
  const [drawn, setDrawn] = useState(0);

  // Pages are of one size as a rule: one that was not looked at yet has the first one's.
  const size = useFirstSize(pdf, page);
  const scale = size ? (Math.min(fitWidth - MARGIN_PX, WIDEST_PX) / size.width) * zoom : 1;

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const near = new IntersectionObserver(([entry]) => setNear(entry?.isIntersecting ?? false), {
      root: element.parentElement,
      rootMargin: NEAR,
    });
    const seen = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting) onHere(number);
      },
      { root: element.parentElement, rootMargin: "-45% 0px -45% 0px" },
    );
    near.observe(element);
    seen.observe(element);
    return () => {
      near.disconnect();
      seen.disconnect();
    };
  }, [number, onHere]);

  useEffect(() => {
    if (!isNear || page) return;
    let isOver = false;
    const load = async () => {
      const found = await pdf.getPage(number);
      if (isOver) return;
      setPage(found);
      setLinks(await linksOf(pdf, found));
    };
    load().catch(() => {}); // the document was let go of; a page that is damaged stays white
    return () => {
      isOver = true;
    };
  }, [pdf, number, isNear, page]);

  useEffect(() => {
    const target = canvas.current;
    const text = layer.current;
    if (!page || !isNear || !target || !text || scale <= 0) return;
    const viewport = page.getViewport({ scale });
    const sharp = sharpness(viewport);
    target.width = Math.floor(viewport.width * sharp);
    target.height = Math.floor(viewport.height * sharp);
    const drawing = page.render({
      canvas: target,
      viewport,
      transform: [sharp, 0, 0, sharp, 0, 0],
    });
    let isOver = false;
    const draw = async () => {
      await drawing.promise;
      const [{ TextLayer }, content] = await Promise.all([
        import("./pdf-engine"),
        page.getTextContent(),
      ]);
      if (isOver) return;
      text.replaceChildren();
      await new TextLayer({ textContentSource: content, container: text, viewport }).render();
      if (!isOver) setDrawn((times) => times + 1);
    };
    draw().catch(() => {}); // cancelled, or damaged: what could be drawn is there
    return () => {
      isOver = true;
      drawing.cancel();
    };
  }, [page, isNear, scale]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: text drawn anew is marked anew
  useEffect(() => {
    if (!layer.current) return;
    return marked(layer.current, query, current);
  }, [query, current, drawn]);

  const width = (size?.width ?? 600) * scale;
  const height = (size?.height ?? 800) * scale;
  return (
    <div
      ref={box}
      className="pdf-page"
      data-page={number}
      style={{ width, height, "--total-scale-factor": scale, "--scale-factor": scale } as object}
    >
      {isNear && (
        <>
          <canvas ref={canvas} />
          <div ref={layer} className="textLayer" />
          {links.map(({ rect: [left, top, right, bottom], href, page: to }) => {
            const style = {
              left: left * scale,
              top: top * scale,
              width: (right - left) * scale,
              height: (bottom - top) * scale,
            };
            const key = `${left} ${top} ${href ?? to}`;
            return href !== null ? (
              <a
                key={key}
                className="pdf-link"
                style={style}
                href={href}
                target="_blank"
                rel="noopener noreferrer"
              >
                <span className="visually-hidden">{href}</span>
              </a>
            ) : (
              <button
                key={key}
                type="button"
                className="pdf-link"
                style={style}
                aria-label={`Go to page ${to}`}
                onClick={() => to !== null && onPage(to)}
              />
            );
          })}
        </>
      )}
    </div>
  );
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const firstSizes = new WeakMap<PDFDocumentProxy, Promise<Size>>();

function useFirstSize(pdf: PDFDocumentProxy, page: PDFPageProxy | null): Size | null {
  const [first, setFirst] = useState<Size | null>(null);
  useEffect(() => {
    const asked = firstSizes.get(pdf) ?? pdf.getPage(1).then(sizeOf);
    firstSizes.set(pdf, asked);
    asked.then(setFirst, () => setFirst({ width: 600, height: 800 }));
  }, [pdf]);
  return page ? sizeOf(page) : first;
}

function sizeOf(page: PDFPageProxy): Size {
  const { width, height } = page.getViewport({ scale: 1 });
  return { width, height };
}

function sharpness({ width, height }: PageViewport): number {
  return Math.min(window.devicePixelRatio || 1, Math.sqrt(LARGEST_PIXELS / (width * height)));
}

async function linksOf(pdf: PDFDocumentProxy, page: PDFPageProxy): Promise<Link[]> {
  const viewport = page.getViewport({ scale: 1 });
  const found: Link[] = [];
  for (const each of await page.getAnnotations()) {
    if (each.subtype !== "Link") continue;
    const [ax, ay, bx, by] = viewport.convertToViewportRectangle(each.rect);
    const rect = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)] as const;
    const href = typeof each.url === "string" && /^https?:/i.test(each.url) ? each.url : null;
    if (href !== null) found.push({ rect, href, page: null });
    else {
      const to = await pageOf(pdf, each.dest);
      if (to !== null) found.push({ rect, href: null, page: to });
    }
  }
  return found;
}

async function pageOf(pdf: PDFDocumentProxy, dest: unknown): Promise<number | null> {
  const explicit = typeof dest === "string" ? await pdf.getDestination(dest) : dest;
  if (!Array.isArray(explicit)) return null;
  const [target] = explicit;
  if (typeof target === "number") return target + 1;
  if (typeof target !== "object" || target === null) return null;
  return (await pdf.getPageIndex(target)) + 1;
}

/** Marks the matches in the text over a page; the returned function takes the marks away. */
function marked(layer: HTMLElement, query: string, current: number | null): () => void {
  if (query === "" || !("highlights" in CSS)) return () => {};
  const nodes: Text[] = [];
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) nodes.push(walker.currentNode as Text);
  const places = placesOf(nodes.map((node) => node.data).join(""), query);
  const all = highlightOf("pdf-match");
  const one = highlightOf("pdf-current");
  const added: [Highlight, Range][] = places.map(({ start, end }, nth) => {
    const range = rangeOf(nodes, start, end);
    const highlight = nth === current ? one : all;
    highlight.add(range);
    return [highlight, range];
  });
  const looked = current === null ? undefined : added[current]?.[1];
  looked?.startContainer.parentElement?.scrollIntoView({ block: "center" });
  return () => {
    for (const [highlight, range] of added) highlight.delete(range);
  };
}

function highlightOf(name: string): Highlight {
  const found = CSS.highlights.get(name) ?? new Highlight();
  CSS.highlights.set(name, found);
  return found;
}

function rangeOf(nodes: readonly Text[], start: number, end: number): Range {
  const range = document.createRange();
  let at = 0;
  for (const node of nodes) {
    const next = at + node.length;
    if (start >= at && start < next) range.setStart(node, start - at);
    if (end > at && end <= next) {
      range.setEnd(node, end - at);
      break;
    }
    at = next;
  }
  return range;
}
