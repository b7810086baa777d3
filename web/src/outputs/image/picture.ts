/** How large a picture is, read from its first bytes, so that its place is kept before it is
 * drawn and nothing below it moves. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

const HEAD_CHARS = 64; // base64 of 48 bytes: PNG and GIF say their size in the first 24

function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64.slice(0, HEAD_CHARS)), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** The size in pixels of a PNG or a GIF; null for others. */
export function sizeOf(base64: string): Size | null {
  const bytes = bytesOf(base64.trimStart());
  if (!bytes || bytes.length < 24) return null;
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0) === 0x89504e47) {
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (view.getUint32(0) === 0x47494638) {
    return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  }
  return null;
}

/** `needs_background`, `width` and `height` as Jupyter's metadata gives them. */
export function wantedSize(metadata: unknown): Partial<Size> {
  if (typeof metadata !== "object" || metadata === null) return {};
  const { width, height } = metadata as { width?: unknown; height?: unknown };
  return {
    ...(typeof width === "number" ? { width } : {}),
    ...(typeof height === "number" ? { height } : {}),
  };
}
