/** Why a socket was closed, and what that asks of us (SYNC-7). */

export const GAP_CLOSE_CODE = 4000; // ours: a record was missing, we connect again (SYNC-13)
export const SILENCE_CLOSE_CODE = 4001; // ours: the server said nothing for too long (SYNC-8)

export type AfterClose =
  | "reconnect"
  | "reconnect-slowly"
  | "find-again"
  | "log-in"
  | "reload"
  | "stop";

/** The close code that says the same as an HTTP status. */
export function closeCodeOf(status: number): number {
  return { 401: 4401, 403: 4403, 404: 4404, 413: 1009, 422: 4422, 429: 4429 }[status] ?? 1006;
}

/** What to do after a close that we did not ask for. */
export function afterClose(code: number): AfterClose {
  switch (code) {
    case 4401:
      return "log-in";
    case 4403: // perhaps only the anti-forgery token is old
    case 4404:
      return "find-again";
    case 4409:
    case 4426:
      return "reload";
    case 4429:
      return "reconnect-slowly";
    case 1009:
    case 4400:
    case 4422:
      return "stop";
    default:
      return "reconnect";
  }
}
