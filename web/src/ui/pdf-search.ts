/** Where a text stands in a PDF. Case does not matter, nor how its words are spaced. */

import type { PDFDocumentProxy } from "pdfjs-dist";

export interface PdfMatch {
  /** From 1. */
  readonly page: number;
  /** Which of its page's matches it is, from 0. */
  readonly nth: number;
}

const MOST = 1_000;

const texts = new WeakMap<PDFDocumentProxy, Map<number, string>>();

async function textOf(pdf: PDFDocumentProxy, number: number): Promise<string> {
  const kept = texts.get(pdf) ?? new Map<number, string>();
  texts.set(pdf, kept);
  const found = kept.get(number);
  if (found !== undefined) return found;
  const content = await (await pdf.getPage(number)).getTextContent();
  // As in the layer over the page: pieces follow each other with nothing between.
  const text = content.items.map((item) => ("str" in item ? item.str : "")).join("");
  kept.set(number, text);
  return text;
}

export async function findInPdf(
  pdf: PDFDocumentProxy,
  query: string,
  signal: AbortSignal,
): Promise<PdfMatch[]> {
  const matches: PdfMatch[] = [];
  for (let page = 1; page <= pdf.numPages && matches.length < MOST; page += 1) {
    if (signal.aborted) return [];
    const places = placesOf(await textOf(pdf, page), query);
    for (let nth = 0; nth < places.length; nth += 1) matches.push({ page, nth });
  }
  return matches;
}

export interface TextPlace {
  readonly start: number;
  readonly end: number;
}

export function placesOf(text: string, query: string): TextPlace[] {
  const words = query.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return [];
  const pattern = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s*");
  return [...text.matchAll(new RegExp(pattern, "gi"))].map((found) => ({
    start: found.index,
    end: found.index + found[0].length,
  }));
}
