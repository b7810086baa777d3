/** What is neither text nor anything else we know, or too much of it: its size and first bytes. */

import { useEffect, useState } from "react";
import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { counted, sizeWords } from "../ui/words";
import { contentAddress } from "./listing";

const SHOWN_BYTES = 1024;
const ROW_BYTES = 16;

interface BytesProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
  readonly onFailed: (why: string) => void;
}

export function BytesView({ server, path, name, onFailed }: BytesProps) {
  const [head, setHead] = useState<{ bytes: Uint8Array; size: number } | null>(null);
  useEffect(() => {
    const controller = new AbortController();
    const address = `api/v1/files/content?path=${encodeURIComponent(path)}`;
    server.readRange(address, 0, SHOWN_BYTES, controller.signal).then(
      ({ bytes, size }) => {
        setHead({ bytes: new Uint8Array(bytes), size: size || bytes.byteLength });
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        // Nothing can be asked of an empty file by its bytes.
        const isEmpty = reason instanceof Error && "status" in reason && reason.status === 416;
        if (isEmpty) setHead({ bytes: new Uint8Array(0), size: 0 });
        else onFailed(messageOf(reason));
      },
    );
    return () => controller.abort();
  }, [server, path, onFailed]);
  if (!head) return null;
  const { bytes, size } = head;
  return (
    <>
      <p className="view-count">
        {sizeWords(size)} ({counted(size, "byte")}) that cannot be shown as text.{" "}
        <a href={contentAddress(server, path)} download={name}>
          Download it
        </a>
      </p>
      <pre className="view-bytes">{hexOf(bytes)}</pre>
      {size > bytes.length && (
        <p className="view-count">These are the first {counted(bytes.length, "byte")}.</p>
      )}
    </>
  );
}

/** Sixteen to a row: where, the bytes, what they are as letters. */
export function hexOf(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = [...bytes.subarray(at, at + ROW_BYTES)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "·"));
    rows.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${letters.join("")}`);
  }
  return rows.join("\n");
}
