/** What was deleted: put back, or removed for good. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { notify } from "../ui/notices";
import { momentWords, sizeWords } from "../ui/words";
import { deleteForGood, listTrash, restore, type TrashItem } from "./file-changes";

interface TrashProps {
  readonly server: Server;
  readonly onClose: () => void;
}

export function TrashDialog({ server, onClose }: TrashProps) {
  const trash = useQuery({ queryKey: ["trash"], queryFn: () => listTrash(server), staleTime: 0 });
  const items = trash.data ?? [];
  return (
    <Dialog title="Trash" wide onClose={onClose}>
      {trash.isError && <p role="alert">The trash could not be read: {trash.error.message}</p>}
      {trash.isSuccess && items.length === 0 ? (
        <p className="home-note">
          Nothing is here. What you delete is kept here, with its outputs and history, until you
          remove it for good.
        </p>
      ) : (
        <ul className="trash">
          {items.map((item) => (
            <TrashRow key={item.itemId} item={item} server={server} />
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function TrashRow({ item, server }: { readonly item: TrashItem; readonly server: Server }) {
  const queries = useQueryClient();
  const onError = (problem: Error) => notify({ text: problem.message, tone: "failure" });
  const onSettled = () => queries.invalidateQueries();
  const restoring = useMutation({
    mutationFn: () => restore(server, item.itemId),
    onSuccess: (path) => notify({ text: `${path} is back` }),
    onError,
    onSettled,
  });
  const deleting = useMutation({
    mutationFn: () => deleteForGood(server, item.itemId),
    onError,
    onSettled,
  });
  const isBusy = restoring.isPending || deleting.isPending;
  return (
    <li data-path={item.path}>
      <span className="trash-path">{item.path}</span>
      <span className="trash-facts">
        {sizeWords(item.sizeBytes)}, deleted {momentWords(item.deletedAt)}
      </span>
      <Button disabled={isBusy} onClick={() => restoring.mutate()}>
        Put back
      </Button>
      <Button look="danger" disabled={isBusy} onClick={() => deleting.mutate()}>
        Remove for good
      </Button>
    </li>
  );
}
