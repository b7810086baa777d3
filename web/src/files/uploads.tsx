/** Files put into the folder: dropped on the list, or chosen. Nothing that is there is replaced. */

import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type ReactNode, useRef, useState } from "react";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import { inFolder, nameBeside, upload } from "./file-changes";

interface UploadsProps {
  readonly server: Server;
  readonly folder: string;
  readonly taken: readonly string[];
}

function useUpload({
  server,
  folder,
  taken,
}: UploadsProps): (files: Iterable<File>) => Promise<void> {
  const queries = useQueryClient();
  return async (files) => {
    const names = [...taken];
    let done = 0;
    for (const file of files) {
      const name = nameBeside(file.name, names);
      try {
        await upload(server, inFolder(folder, name), file);
        names.push(name);
        done += 1;
      } catch (reason) {
        const why = reason instanceof Error ? reason.message : String(reason);
        notify({ text: `${file.name} was not uploaded: ${why}`, tone: "failure" });
      }
    }
    if (done > 0) notify({ text: `${counted(done, "file")} uploaded` });
    await queries.invalidateQueries({ queryKey: ["folder", folder] });
  };
}

export function UploadButton(props: UploadsProps) {
  const put = useUpload(props);
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button look="quiet" icon="upload" onClick={() => field.current?.click()}>
        Upload
      </Button>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          void put([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
    </>
  );
}

export function DropZone({ children, ...props }: UploadsProps & { readonly children: ReactNode }) {
  const put = useUpload(props);
  const [isOver, setOver] = useState(false);
  const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button beside does the same
    <div
      className="drop"
      data-over={isOver ? "" : undefined}
      onDragOver={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        const to = event.relatedTarget;
        if (!(to instanceof Node) || !event.currentTarget.contains(to)) setOver(false);
      }}
      onDrop={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setOver(false);
        void put([...event.dataTransfer.files]);
      }}
    >
      {children}
      {isOver && <p className="drop-words">Drop the files here</p>}
    </div>
  );
}
