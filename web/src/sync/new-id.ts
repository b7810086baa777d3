/** Ids that we make up: operations, requests, clients, cells. Within `[A-Za-z0-9_-]{1,64}`. */

const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** 12 random characters: 71 bits. */
export function newId(): string {
  let id = "";
  while (id.length < 12) {
    for (const byte of crypto.getRandomValues(new Uint8Array(16))) {
      // The last few values would make some letters likelier than others.
      if (byte < 248 && id.length < 12) id += LETTERS[byte % 62];
    }
  }
  return id;
}
