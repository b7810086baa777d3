/**
 * Reads the keys of MessagePack maps: mostly the same few hundred, so each is decoded once.
 * A key of JSON may be `__proto__`, which an object of ours must not have as its own; the
 * library refuses such a frame, and a notebook with that word in it could not be opened.
 * Here it gets another name. What is shown of it is all that the page does with it.
 */

const LONGEST = 32; // bytes; our own fields are shorter
const PLACES = 1_024;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const utf8 = new TextDecoder();

export class MapKeys {
  readonly #known: (Known | undefined)[] = new Array(PLACES).fill(undefined);

  canBeCached(length: number): boolean {
    return length > 0 && length <= LONGEST;
  }

  decode(bytes: Uint8Array, start: number, length: number): string {
    let hash = length;
    for (let at = start; at < start + length; at += 1) {
      hash = (hash * 31 + (bytes[at] ?? 0)) | 0;
    }
    const place = hash & (PLACES - 1);
    const known = this.#known[place];
    if (known && isAt(known.bytes, bytes, start, length)) return known.text;
    const own = bytes.slice(start, start + length);
    const said = utf8.decode(own);
    const text = said === "__proto__" ? "__proto__ " : said;
    this.#known[place] = { bytes: own, text };
    return text;
  }
}

function isAt(known: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let at = 0; at < length; at += 1) if (known[at] !== bytes[start + at]) return false;
  return true;
}
