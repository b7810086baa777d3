/** Reads of maps by ids, which are anybody's words: `constructor` is an id like another. */

export function own<T>(map: { readonly [key: string]: T }, key: string | null): T | undefined {
  return key !== null && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** The map without `key`; the same map when it was not there. */
export function without<T>(
  map: { readonly [key: string]: T },
  key: string,
): { readonly [key: string]: T } {
  if (!Object.hasOwn(map, key)) return map;
  const { [key]: _, ...rest } = map;
  return rest;
}
