/**
 * That the server has other settings than before (PAGE-63). The sessions hear of it, on the
 * connection they have anyway; what the settings are is asked for by who obeys them.
 */

const listeners = new Set<() => void>();

/** Calls back at each such news, until the returned function is called. */
export function onSettingsNews(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function tellSettingsNews(): void {
  for (const listener of listeners) listener();
}
