/** How the file stands, in the header's words. Pure. */

import type { Status } from "../protocol/generated";
import { momentWords } from "../ui/words";

export interface SavedWords {
  readonly text: string;
  readonly tone: "calm" | "busy" | "failure";
  readonly detail: string;
}

export function savedWords(
  status: Status | null,
  isConnected: boolean,
  hasUnsentEdits: boolean,
  autosaves = true,
): SavedWords {
  if (!isConnected && hasUnsentEdits) {
    const detail = "Your edits are kept in this browser and sent when the server is back.";
    return { text: "Kept here, not sent", tone: "busy", detail };
  }
  if (!status) return { text: "", tone: "calm", detail: "" };
  const { file, file_message: why, saved_at } = status;
  switch (file) {
    case "saved": {
      const text = saved_at === null ? "Saved" : `Saved ${momentWords(saved_at)}`;
      return { text, tone: "calm", detail: "The file holds everything that is here." };
    }
    case "unsaved":
      if (status.storage === "full") {
        const detail = "There is no space to write to. It is saved as soon as there is.";
        return { text: "Not saved", tone: "failure", detail };
      }
      if (!autosaves) {
        const detail = "Press Ctrl+S to write the file. The server has recorded everything.";
        return { text: "Not saved", tone: "busy", detail };
      }
      return {
        text: "Saving soon",
        tone: "calm",
        detail:
          "The file is written in a moment. Nothing is lost until then: the server has recorded it.",
      };
    case "saving":
      return { text: "Saving …", tone: "calm", detail: "The file is being written." };
    case "conflict":
      return { text: "File changed outside", tone: "failure", detail: why };
    case "failed":
      return { text: "Could not save", tone: "failure", detail: why };
    case "read-only":
      return { text: "Read-only file", tone: "busy", detail: why };
  }
}
