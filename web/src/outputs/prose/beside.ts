/**
 * What the words of a Markdown text mean among the files beside it: `figures/a.png` is shown,
 * `data.csv` and `other.ipynb` are opened in their pages. Nothing else of the server is ever
 * asked because of a text: an address becomes the path of a file, or nothing.
 */

import type { Server } from "../../sync/server";
import type { Surroundings } from "./markdown";

const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  // As a picture a drawing runs nothing and loads nothing.
  svg: "image/svg+xml",
};
const KEPT = 80; // pictures; a notebook that is scrolled through asks for each again and again

/** The path below the root that `target` names in `folder`; null when it leads out of it. */
export function pathFrom(folder: string, target: string): string | null {
  const [path = ""] = target.split(/[?#]/, 1);
  const parts = path.startsWith("/") ? [] : folder.split("/").filter((part) => part !== "");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 || parts.some((part) => /[\\\0]/.test(part)) ? null : parts.join("/");
}

export function typeOfPicture(path: string): string | null {
  const ending = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(TYPES, ending) ? (TYPES[ending] ?? null) : null;
}

/** For a text that stands in the file at `path`. */
export function besideFile(server: Server, path: string): Pick<Surroundings, "picture" | "link"> {
  const folder = path.split("/").slice(0, -1).join("/");
  return {
    picture: (target) => {
      const found = pathFrom(folder, target);
      const type = found === null ? null : typeOfPicture(found);
      return found === null || type === null ? null : picture(server, found, type);
    },
    link: (target) => {
      const found = pathFrom(folder, target);
      if (found === null) return null;
      const page = /\.ipynb$/i.test(found) ? "notebook" : "view";
      return server.url(`${page}/${found.split("/").map(encodeURIComponent).join("/")}`);
    },
  };
}

const shown = new Map<string, Promise<string | null>>();

function picture(server: Server, path: string, type: string): Promise<string | null> {
  const key = `${server.base.href} ${path}`;
  const known = shown.get(key);
  if (known) return known;
  const asked = fetched(server, path, type);
  shown.set(key, asked);
  for (const [oldest, address] of shown) {
    if (shown.size <= KEPT) break;
    shown.delete(oldest);
    void address.then((made) => made && URL.revokeObjectURL(made));
  }
  return asked;
}

async function fetched(server: Server, path: string, type: string): Promise<string | null> {
  try {
    const answer = await server.request(
      "GET",
      `api/v1/files/content?path=${encodeURIComponent(path)}`,
    );
    return URL.createObjectURL(new Blob([await answer.blob()], { type }));
  } catch {
    shown.delete(`${server.base.href} ${path}`); // it may be there the next time one looks
    return null;
  }
}
