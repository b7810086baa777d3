/** What stands in the way, told plainly, with what one can do about it. */

import { type ReactNode, useEffect, useState } from "react";
import { kernelMood } from "../core/selectors";
import type { ConflictCopy, Session } from "../store/session";
import { useConnection, useSession } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { useNow } from "../ui/clock";
import { Dialog } from "../ui/dialog";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import type { PageActs } from "./commands";
import { useMissingKernel } from "./missing-kernel";
import { useDesk } from "./use-view";

export function Banners({ page }: { readonly page: PageActs }) {
  return (
    <div className="banners" aria-live="polite" aria-relevant="additions">
      <ConnectionBanner />
      <KernelBanner page={page} />
      <StorageBanner />
      <FileBanner />
      <ConflictCopies />
      <SessionNotices />
    </div>
  );
}

function Banner({
  tone,
  children,
}: {
  readonly tone: "warning" | "failure";
  readonly children: ReactNode;
}) {
  return (
    <section className="banner" data-tone={tone} role={tone === "failure" ? "alert" : undefined}>
      {children}
    </section>
  );
}

const PATIENCE_MS = 700; // a socket that is back by then was not worth a word

function ConnectionBanner() {
  const connection = useConnection();
  const session = useNotebook();
  const isOpen = connection.phase === "open";
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (isOpen) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isOpen]);

  switch (connection.phase) {
    case "open":
      return null;
    case "connecting":
      if (!isLate || connection.attempt === 0) return null;
      return (
        <Banner tone="warning">
          <p>
            <strong>Connecting again …</strong> Edits are kept here until then.
          </p>
        </Banner>
      );
    case "waiting":
      if (!isLate) return null;
      return (
        <Banner tone="warning">
          <p>
            <strong>Not connected.</strong> Edits are kept in this browser; running cells go on.
            Trying again{" "}
            <span aria-live="off">
              <Countdown until={connection.retryAt} />
            </span>
          </p>
          <Button onClick={() => session.retryNow()}>Try now</Button>
        </Banner>
      );
    case "ended":
      if (connection.cause === "closed") return null;
      return (
        <Banner tone="failure">
          <p>
            <strong>{ENDS[connection.cause]}</strong> {connection.message}
          </p>
          {connection.cause === "log-in" ? (
            <a
              className="button"
              href={session.server.loginUrl()}
              onClick={() => session.server.isApart && location.reload()}
            >
              Log in
            </a>
          ) : connection.cause === "reload" ? (
            <Button onClick={() => location.reload()}>Reload the page</Button>
          ) : (
            <Button onClick={() => session.retryNow()}>Try again</Button>
          )}
        </Banner>
      );
  }
}

const ENDS = {
  "log-in": "You are not logged in any more.",
  reload: "This page is older than the server.",
  refused: "The server does not go on with this notebook.",
} as const;

function Countdown({ until }: { readonly until: number }) {
  const left = Math.ceil((until - useNow()) / 1000);
  return left > 0 ? `in ${counted(left, "second")}.` : "now.";
}

function KernelBanner({ page }: { readonly page: PageActs }) {
  const missing = useMissingKernel();
  const mood = useSession(moodOf);
  const cause = useSession(causeOf);
  const { commander } = useDesk();
  if (missing && (mood === "none" || mood === "dead")) {
    return (
      <Banner tone="warning">
        <p>
          <strong>The kernel of this notebook, {missing.title}, cannot be used here.</strong>{" "}
          {sentence(missing.problem)}. Cells and outputs are all here and can be edited.
        </p>
        <Button icon="chip" onClick={() => page.chooseKernel()}>
          Choose another
        </Button>
      </Banner>
    );
  }
  if (mood === "dead") {
    return (
      <Banner tone="failure">
        <p>
          <strong>
            {cause?.reason === "failed-to-start"
              ? "The kernel could not start."
              : "The kernel died; its variables are gone."}
          </strong>{" "}
          {cause?.message ?? "The cause is not known."}
        </p>
        <Button icon="restart" onClick={() => commander.restart()}>
          Restart
        </Button>
        <Button icon="runAll" onClick={() => commander.restart(true)}>
          Restart and run all
        </Button>
      </Banner>
    );
  }
  if (mood !== "stuck") return null;
  return (
    <Banner tone="warning">
      <p>
        <strong>The cell does not stop.</strong> It was interrupted three times and still runs.
        Killing the kernel ends it for sure; its variables are lost.
      </p>
      <Button icon="stop" onClick={() => commander.interrupt()}>
        Interrupt again
      </Button>
      <Button look="danger" onClick={() => commander.stopKernel(true)}>
        Kill the kernel
      </Button>
    </Banner>
  );
}

function StorageBanner() {
  const status = useSession(statusOf);
  if (!status || status.storage === "writable") return null;
  const detail = status.message && `(${sentence(status.message)}.)`;
  return (
    <Banner tone="failure">
      {status.storage === "full" ? (
        <p>
          <strong>The disk is full.</strong> Nothing can be run or saved until there is space; then
          this goes on by itself. What you type is kept in this browser. {detail}
        </p>
      ) : (
        <p>
          <strong>The notebook's record was damaged.</strong> {detail}
        </p>
      )}
    </Banner>
  );
}

function FileBanner() {
  const status = useSession(statusOf);
  const { commander } = useDesk();
  if (status?.file === "failed") {
    return (
      <Banner tone="failure">
        <p>
          <strong>The file could not be written.</strong> {status.file_message}
        </p>
        <Button onClick={() => commander.save()}>Try again</Button>
      </Banner>
    );
  }
  if (status?.file !== "conflict") return null;
  return (
    <Banner tone="failure">
      <p>
        <strong>The file was changed by another program.</strong> {sentence(status.file_message)}.
      </p>
      <Button onClick={() => commander.resolveConflict("mine")}>Keep what is here</Button>
      <Button onClick={() => commander.resolveConflict("theirs")}>Take the file's</Button>
      <Button onClick={() => commander.resolveConflict("copy")}>Keep both, mine as a copy</Button>
    </Banner>
  );
}

function ConflictCopies() {
  const copies = useSession(copiesOf);
  const [shown, setShown] = useState<ConflictCopy | null>(null);
  const session = useNotebook();
  return (
    <>
      {copies.map((copy) => (
        <Banner key={copy.id} tone="warning">
          <p>
            <strong>Edits from this browser could not be merged.</strong> The notebook was begun
            anew meanwhile; your version of {counted(copy.cells.length, "cell")} is kept aside.
          </p>
          <Button onClick={() => setShown(copy)}>Look at it</Button>
          <Button look="danger" onClick={() => session.dismissConflict(copy.id)}>
            Discard
          </Button>
        </Banner>
      ))}
      {shown && <CopyDialog copy={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function CopyDialog({
  copy,
  onClose,
}: {
  readonly copy: ConflictCopy;
  readonly onClose: () => void;
}) {
  const text = copy.cells.map((cell) => cell.source).join("\n\n# %%\n\n");
  async function take() {
    try {
      await navigator.clipboard.writeText(text);
      notify({ text: "Your version is on the clipboard" });
    } catch {
      notify({
        text: "The browser did not allow copying; select the text instead",
        tone: "failure",
      });
    }
  }
  return (
    <Dialog title="Your version" wide onClose={onClose}>
      <pre className="code conflict-text">{text}</pre>
      <div className="dialog-actions">
        <Button icon="copy" look="primary" onClick={() => void take()}>
          Copy all
        </Button>
      </div>
    </Dialog>
  );
}

/** Refusals and the like become short notices. */
function SessionNotices() {
  const notices = useSession(noticesOf);
  const session = useNotebook();
  useEffect(() => {
    for (const notice of notices) {
      notify({ text: sentence(notice.refusal.message), tone: "failure" });
      session.dismissNotice(notice.id);
    }
  }, [notices, session]);
  return null;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const moodOf = (session: Session) => kernelMood(session.state);
const causeOf = (session: Session) => session.state.kernel.cause;
const statusOf = (session: Session) => session.status;
const copiesOf = (session: Session) => session.conflicts;
const noticesOf = (session: Session) => session.notices;
