/** MurmurHash2 of a text's UTF-8, 32 bits: what Jupyter names the file of a cell by. */
export function murmur2(text: string, seed: number): number {
  const data = new TextEncoder().encode(text);
  const m = 0x5bd1e995;
  const mix = (h: number) => Math.imul(h, m);
  let h = (seed ^ data.length) >>> 0;
  const whole = data.length & ~3;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 0; at < whole; at += 4) {
    let k = mix(view.getUint32(at, true));
    k = mix(k ^ (k >>> 24));
    h = mix(h) ^ k;
  }
  if (whole < data.length) {
    let rest = 0;
    for (let at = data.length - 1; at >= whole; at -= 1) rest = (rest << 8) | (data[at] ?? 0);
    h = mix(h ^ rest);
  }
  h ^= h >>> 13;
  h = mix(h);
  return (h ^ (h >>> 15)) >>> 0;
}
