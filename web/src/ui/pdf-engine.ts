/** pdf.js, with its worker and its fonts from among our own files. Loaded with the first PDF. */

import * as pdfjs from "pdfjs-dist";
import workerAddress from "pdfjs-dist/build/pdf.worker.min.mjs?url";
import type { PdfSource } from "./pdf-pages";

pdfjs.GlobalWorkerOptions.workerSrc = new URL(workerAddress, location.href).href;

/** Beside the worker; the build puts them there (vite.config.ts). */
const RESOURCES = new URL(`./pdf-${pdfjs.version}/`, new URL(workerAddress, location.href)).href;

export function openPdf(source: PdfSource): pdfjs.PDFDocumentLoadingTask {
  const from =
    "bytes" in source
      ? { data: source.bytes.slice() } // pdf.js hands them to its worker and keeps them
      : { url: source.address, httpHeaders: { ...source.headers }, rangeChunkSize: 1 << 18 };
  return pdfjs.getDocument({
    ...from,
    cMapUrl: `${RESOURCES}cmaps/`,
    standardFontDataUrl: `${RESOURCES}standard_fonts/`,
    wasmUrl: `${RESOURCES}wasm/`,
    iccUrl: `${RESOURCES}iccs/`,
    useWasm: false, // our policy runs no WebAssembly
    enableXfa: false, // forms of that kind are programs
    stopAtErrors: false,
  });
}

export const { TextLayer } = pdfjs;
