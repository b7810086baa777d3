/** A picture: whole at first, and as large as one wants. */

import { useEffect, useRef, useState, type WheelEvent } from "react";
import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { sizeWords } from "../ui/words";
import { endingOf } from "./view-kinds";

const TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
  ico: "image/x-icon",
  svg: "image/svg+xml",
};
const STEP = 1.25;
const LARGEST = 32;
const SMALLEST = 1 / 16;

interface PictureProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
  readonly onFailed: (why: string) => void;
}

/** As an image element shows it, a drawing's scripts do not run. */
export function PictureView({ server, path, name, onFailed }: PictureProps) {
  const image = useRef<HTMLImageElement>(null);
  const [bytes, setBytes] = useState(0);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [zoom, setZoom] = useState<number | null>(null); // null: all of it
  useEffect(() => {
    const controller = new AbortController();
    let address = "";
    const show = async () => {
      const file = `api/v1/files/content?path=${encodeURIComponent(path)}`;
      const answer = await server.request("GET", file, undefined, controller.signal);
      const content = await answer.arrayBuffer();
      setBytes(content.byteLength);
      address = URL.createObjectURL(new Blob([content], { type: TYPES[endingOf(name)] ?? "" }));
      if (image.current) image.current.src = address;
    };
    show().catch((reason: unknown) => {
      if (controller.signal.aborted) return;
      onFailed(messageOf(reason));
    });
    return () => {
      controller.abort();
      if (address !== "") URL.revokeObjectURL(address);
    };
  }, [server, path, name, onFailed]);

  function zoomBy(factor: number) {
    const shown = image.current;
    const now = zoom ?? (shown && size ? shown.clientWidth / size.width : 1);
    setZoom(Math.min(LARGEST, Math.max(SMALLEST, now * factor)));
  }

  function onWheel(event: WheelEvent) {
    if (!event.ctrlKey && !event.metaKey) return;
    zoomBy(event.deltaY < 0 ? STEP : 1 / STEP);
  }

  return (
    <figure className="view-image" data-zoomed={zoom === null ? undefined : ""}>
      <figcaption>
        <span>
          {size && `${size.width} × ${size.height}`}
          {bytes > 0 && `, ${sizeWords(bytes)}`}
        </span>
        <Button look="quiet" label="Smaller" onClick={() => zoomBy(1 / STEP)}>
          −
        </Button>
        <Button look="quiet" aria-pressed={zoom === 1} onClick={() => setZoom(1)}>
          {zoom === null ? "100 %" : `${Math.round(zoom * 100)} %`}
        </Button>
        <Button look="quiet" label="Larger" onClick={() => zoomBy(STEP)}>
          +
        </Button>
        <Button look="quiet" aria-pressed={zoom === null} onClick={() => setZoom(null)}>
          Fit
        </Button>
      </figcaption>
      <section
        className="view-image-place"
        aria-label={name}
        onWheel={onWheel}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
      >
        <img
          ref={image}
          alt={name}
          style={zoom === null || !size ? undefined : { width: size.width * zoom }}
          data-pixels={zoom !== null && zoom >= 4 ? "" : undefined}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize({ width: naturalWidth, height: naturalHeight })
          }
          onError={() => onFailed("This picture could not be read; download it instead.")}
        />
      </section>
    </figure>
  );
}
