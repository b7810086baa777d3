import { useOutputParts } from "../output-parts";
import { asText } from "../pick-renderer";
import { asBlob } from "../picture-file";
import { blobAddress, isBlob, useOutputPlace } from "../place";
import { sizeOf, wantedSize } from "./picture";

interface ImageViewProps {
  readonly mime: string;
  readonly value: unknown;
  readonly metadata: unknown;
  /** The bundle's plain text: what a screen reader says. */
  readonly description: string;
}

/** A raster image, at the size its maker gave it and never wider than the page. */
export function ImageView({ mime, value, metadata, description }: ImageViewProps) {
  const place = useOutputPlace();
  const base64 = isBlob(value) ? null : asText(value).replaceAll("\n", "");
  const size = { ...(base64 === null ? null : sizeOf(base64)), ...wantedSize(metadata) };
  useOutputParts({
    picture: async () => {
      if (!isBlob(value)) return asBlob(value, mime);
      const path = `api/v1/notebooks/${place.notebookId}/blobs/${value.hash}`;
      return asBlob(await (await place.server.request("GET", path)).blob(), mime);
    },
  });
  return (
    <img
      className="picture"
      alt={description === "" ? "A picture this cell made" : description}
      src={
        base64 === null && isBlob(value)
          ? blobAddress(place, value, mime)
          : `data:${mime};base64,${base64}`
      }
      {...size}
      decoding="async"
      draggable={false}
    />
  );
}
