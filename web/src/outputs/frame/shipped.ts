/**
 * Libraries we ship, in place of the same ones fetched from elsewhere: a chart that names a
 * CDN is drawn all the same, and no request leaves the machine.
 */

export type Library = "plotly" | "vega" | "vega-lite" | "vega-embed" | "mermaid";

const NAMES: readonly Library[] = ["plotly", "vega", "vega-lite", "vega-embed", "mermaid"];

function isLibrary(name: string | undefined): name is Library {
  return NAMES.some((each) => each === name);
}

const HOSTS = ["cdn.jsdelivr.net", "unpkg.com", "cdn.plot.ly", "cdnjs.cloudflare.com", "esm.sh"];

/** The library that a script at this address would bring; null for one we do not ship. */
export function libraryAt(address: string): Library | null {
  const url = URL.parse(address, "https://nowhere.invalid/");
  if (!url || !HOSTS.includes(url.hostname)) return null;
  if (url.hostname === "cdn.plot.ly")
    return /^\/plotly-[\w.-]+$/.test(url.pathname) ? "plotly" : null;
  const name =
    /^\/(?:npm\/|ajax\/libs\/)?([a-z-]+?)(?:\.js)?(?:-dist(?:-min)?)?(?:@[\w.^~-]+)?(?:\/|$)/.exec(
      url.pathname,
    )?.[1];
  return isLibrary(name) ? name : null;
}
