/** Files put into the folder: dropped on the list, or chosen. Nothing that is there is replaced. */

import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type ReactNode, useRef, useState, useSyncExternalStore } from "react";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Menu } from "../ui/menu";
import { sizeWords } from "../ui/words";
import {
  cancelUploads,
  chosenFiles,
  droppedFiles,
  type Given,
  subscribeToUploads,
  uploadAll,
  uploadState,
} from "./upload-work";

interface UploadsProps {
  readonly server: Server;
  readonly folder: string;
}

function useUpload({ server, folder }: UploadsProps): (given: readonly Given[]) => void {
  const queries = useQueryClient();
  return (given) => {
    void uploadAll(server, folder, given, () => {
      void queries.invalidateQueries({ queryKey: ["folder"] });
    });
  };
}

export function UploadButton(props: UploadsProps) {
  const put = useUpload(props);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  return (
    <>
      <Menu
        label="Upload"
        icon="upload"
        entries={() => [
          { label: "Files …", icon: "file", run: () => files.current?.click() },
          { label: "A folder …", icon: "folder", run: () => folder.current?.click() },
        ]}
      >
        Upload
      </Menu>
      <input
        ref={files}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={({ target }) => {
          put(chosenFiles(target));
          target.value = "";
        }}
      />
      <input
        ref={(field) => {
          folder.current = field;
          field?.setAttribute("webkitdirectory", "");
        }}
        type="file"
        hidden
        aria-label="Folder to upload"
        onChange={({ target }) => {
          put(chosenFiles(target));
          target.value = "";
        }}
      />
    </>
  );
}

/** How far the uploads are, and a way to stop them. */
export function UploadProgress() {
  const state = useSyncExternalStore(subscribeToUploads, uploadState);
  if (state === null) return null;
  const { files, done, bytes, sent, name } = state;
  return (
    <div className="upload" role="status">
      <span className="upload-name">
        Uploading <bdi>{name}</bdi>
        {files > 1 && `, ${done + 1} of ${files}`}
      </span>
      <progress max={Math.max(1, bytes)} value={sent} aria-label="Uploaded" />
      <span className="upload-size">
        {sizeWords(sent)} of {sizeWords(bytes)}
      </span>
      <Button look="quiet" onClick={cancelUploads}>
        Stop
      </Button>
    </div>
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
        void droppedFiles(event.dataTransfer).then(put);
      }}
    >
      {children}
      {isOver && <p className="drop-words">Drop files and folders here</p>}
    </div>
  );
}
