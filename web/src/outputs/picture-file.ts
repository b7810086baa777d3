/**
 * Pictures as files and on the clipboard. A drawing (SVG) comes from an output and is not
 * ours: it is only ever saved, or drawn as a picture, in which nothing runs.
 */

import type { Picture } from "./frame/messages";
import { asText } from "./pick-renderer";

const DENSE = 2; // pixels for each of a drawing's own, so that it stays sharp

export function pictureBlob(picture: Picture | Blob): Blob {
  if (picture instanceof Blob) return picture;
  if (picture.form === "svg") return new Blob([picture.svg], { type: "image/svg+xml" });
  return new Blob([bytesOf(picture.base64)], { type: "image/png" });
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64.replaceAll(/\s/g, ""));
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

export function bytesToBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  // A function takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8_192) {
    pieces.push(String.fromCharCode(...bytes.subarray(at, at + 8_192)));
  }
  return btoa(pieces.join(""));
}

/** A binary MIME value, which notebooks hold as base64 and the server as bytes. */
export function asBlob(value: unknown, mime: string): Blob {
  if (value instanceof Blob) return new Blob([value], { type: mime });
  return new Blob([bytesOf(asText(value))], { type: mime });
}

/** The picture as a PNG, which is what the clipboard takes. */
export async function asPng(picture: Picture | Blob): Promise<Blob> {
  const blob = pictureBlob(picture);
  if (blob.type === "image/png") return blob;
  const image = new Image();
  image.src = await dataAddress(blob);
  await image.decode();
  const scale = blob.type === "image/svg+xml" ? DENSE : 1;
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * scale;
  canvas.height = image.naturalHeight * scale;
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((png) => (png ? resolve(png) : reject(new Error("no picture"))), "image/png");
  });
}

function dataAddress(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

const ENDINGS: Readonly<Record<string, string>> = {
  "image/svg+xml": "svg",
  "image/jpeg": "jpg",
  "application/pdf": "pdf",
  "audio/mpeg": "mp3",
  "text/plain": "txt",
  "text/html": "html",
  "text/markdown": "md",
  "application/javascript": "js",
};

/** How a file of this type is called: `output.png`. */
export function fileName(mime: string, stem = "output"): string {
  const type = mime.split(";", 1)[0] ?? "";
  if (type.endsWith("+json")) return `${stem}.json`;
  const known = ENDINGS[type] ?? /^[a-z]+\/(?:x-)?([a-z0-9]{2,5})$/.exec(type)?.[1];
  return `${stem}.${known ?? "bin"}`;
}

/** Saves it as a person's browser saves files. */
export function save(name: string, content: string | Blob): void {
  const link = document.createElement("a");
  const address = typeof content === "string" ? content : URL.createObjectURL(content);
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the bytes when this turn is over.
  if (typeof content !== "string") setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
