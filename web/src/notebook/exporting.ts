/**
 * The notebook in another form, as a file: made by the server from what the session has now,
 * saved or not (PAGE-57).
 */

import { messageOf } from "../core/message-of";
import { save } from "../outputs/picture-file";
import type { NotebookSession } from "../sync/notebook-session";
import { notify } from "../ui/notices";

export type ExportForm = "html" | "pdf" | "markdown" | "script" | "percent" | "ipynb";

interface Form {
  readonly form: ExportForm;
  readonly title: string;
  readonly ending: string;
}

export const EXPORTS: readonly Form[] = [
  { form: "html", title: "HTML", ending: "html" },
  { form: "pdf", title: "PDF", ending: "pdf" },
  { form: "markdown", title: "Markdown", ending: "md" },
  { form: "script", title: "Python script", ending: "py" },
  { form: "percent", title: "Text notebook (percent .py)", ending: "py" },
  { form: "ipynb", title: "Notebook (.ipynb)", ending: "ipynb" },
];

const DELIVERED_MS = 5_000; // an edit is there in some milliseconds, unless there is no way

/** `a/b.ipynb` as HTML is `b.html`. */
export function exportName(path: string, form: ExportForm): string {
  const name = path.split("/").at(-1) ?? path;
  const stem = name.replace(/\.(?:ipynb|py|md)$/i, "");
  return `${stem}.${EXPORTS.find((each) => each.form === form)?.ending ?? form}`;
}

export async function exportNotebook(session: NotebookSession, form: ExportForm): Promise<void> {
  const { notebookId, server } = session;
  if (notebookId === null) return;
  const path = session.store.current.notebook?.path ?? session.path;
  const address = `api/v1/notebooks/${encodeURIComponent(notebookId)}/export?to=${form}`;
  if (!(await session.delivered(DELIVERED_MS))) {
    const text = "The export would miss your last edits: the server does not have them yet.";
    notify({ text: `${text} Try again when it has.`, tone: "failure" });
    return;
  }
  // A browser is started for it, which takes a moment.
  if (form === "pdf") notify({ text: "Printing the PDF …" });
  try {
    const answer = await server.request("GET", address);
    save(exportName(path, form), await answer.blob());
  } catch (reason) {
    const said = messageOf(reason);
    notify({ text: `The export failed: ${said}`, tone: "failure" });
  }
}
