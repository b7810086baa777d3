// Written by `npm run generate` from docs/spec/protocol.schema.json. Do not edit.

/** The operation was done (its events are at or before `sequence`) or refused. */
export interface Answer {
  readonly kind: "answer";
  readonly operation_id: string;
  readonly sequence: number;
  readonly refusal: Refusal | null;
}

export interface AnswerInput {
  readonly kind: "answer-input";
  readonly prompt_id: string;
  readonly value: string;
}

/** A question that changes nothing and is not recorded. Answered by `Reply`. */
export interface Ask {
  readonly kind: "ask";
  readonly request_id: string;
  readonly request: Request;
}

/**
 * `message_id` to `subshell_id` are the request's header. `silent`: not shown, not
 * counted; `store_history`: counted; `allow_stdin`: the client answers prompts;
 * `user_expressions` are evaluated after the code, for the reply.
 */
export interface Asked {
  readonly message_id: string;
  readonly session: string;
  readonly username: string;
  readonly date: string;
  readonly subshell_id: string | null;
  readonly silent: boolean;
  readonly store_history: boolean;
  readonly allow_stdin: boolean;
  readonly user_expressions: { readonly [key: string]: string };
}

/** Stands in for a large value; fetch it by hash. */
export interface BlobReference {
  readonly kind: "blob";
  readonly hash: string;
  readonly size_bytes: number;
  readonly encoding: "base64" | "json" | "text";
}

/**
 * Take executions out of the queue: these, or all that wait (null). What already
 * runs is interrupted by `Interrupt`, not by this.
 */
export interface CancelExecutions {
  readonly kind: "cancel-executions";
  readonly execution_ids?: readonly string[] | null;
}

/** Make the waiting `input()` raise KeyboardInterrupt. */
export interface CancelInput {
  readonly kind: "cancel-input";
  readonly prompt_id: string;
}

/**
 * What the file holds. `conflict` is a sentence while the file and the document differ
 * by edits on both sides.
 */
export interface Checkpoint {
  readonly digest: string | null;
  readonly upto: number;
  readonly at: number | null;
  readonly conflict: string | null;
}

/**
 * The `.ipynb` now holds everything up to and including record `upto`. `digest` is
 * the SHA-256 of the file's bytes.
 */
export interface CheckpointWritten {
  readonly kind: "checkpoint-written";
  readonly digest: string;
  readonly upto: number;
}

/** Forget the outputs of these cells, or of all (null). */
export interface ClearOutputs {
  readonly kind: "clear-outputs";
  readonly cell_ids?: readonly string[] | null;
}

export type ClientFrame =
  | Hello
  | Submit
  | Ask
  | Ping;

export interface CloseComm {
  readonly kind: "close-comm";
  readonly comm_id: string;
  readonly data?: { readonly [key: string]: unknown };
  readonly message_id?: string;
}

/**
 * A comm and what a late joiner needs of it: for widgets, the open message's data with
 * later `update` states merged in.
 */
export interface Comm {
  readonly comm_id: string;
  readonly target: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
  readonly buffers: readonly Uint8Array[];
}

export interface CommClosed {
  readonly kind: "comm-closed";
  readonly comm_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly from_kernel: boolean;
  readonly message_id?: string;
}

/** The kernel has handled a comm's message, and what that printed stands before this. */
export interface CommHandled {
  readonly kind: "comm-handled";
  readonly message_id: string;
}

/** `message_id` is there when its sender waits for `CommHandled`. */
export interface CommMessaged {
  readonly kind: "comm-messaged";
  readonly comm_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
  readonly buffers: readonly Uint8Array[];
  readonly from_kernel: boolean;
  readonly message_id?: string;
}

export interface CommOpened {
  readonly kind: "comm-opened";
  readonly comm_id: string;
  readonly target: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
  readonly buffers: readonly Uint8Array[];
  readonly from_kernel: boolean;
  readonly message_id?: string;
}

/** Completions at `cursor` (in code points) of `code`. */
export interface Complete {
  readonly kind: "complete";
  readonly code: string;
  readonly cursor: number;
  readonly cell_id?: string | null;
}

/**
 * `mine`: the file was overwritten. `theirs`: the document took the file's content.
 * `copy`: the document went to `copy_path` and then took the file's content.
 */
export interface ConflictResolved {
  readonly kind: "conflict-resolved";
  readonly choice: "copy" | "mine" | "theirs";
  readonly copy_path: string | null;
}

/**
 * `message` is a sentence for a person; the other fields are the evidence.
 *
 * `out-of-memory` is said only when the cgroup's counter of OOM kills rose during the
 * kernel's life. `unknown` is said when the parent itself was lost.
 */
export interface DeathCause {
  readonly reason: "exited" | "failed-to-start" | "out-of-memory" | "signalled" | "stopped" | "unknown";
  readonly message: string;
  readonly exit_code: number | null;
  readonly signal: string | null;
}

/** An event of the kernel's debugger: the whole message of the debug adapter protocol. */
export interface DebuggerReported {
  readonly kind: "debugger-reported";
  readonly message: { readonly [key: string]: unknown };
}

/** A MIME bundle was shown; with `execution_count` it is the cell's result. */
export interface DisplayAppended {
  readonly kind: "display-appended";
  readonly execution_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
  readonly display_id: string | null;
  readonly execution_count: number | null;
}

/** A MIME bundle. With an `execution_count` it is the cell's result (`Out[n]`). */
export interface DisplayOutput {
  readonly kind: "display";
  readonly index: number;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
  readonly display_id: string | null;
  readonly execution_count: number | null;
  readonly start_line: number;
}

/** Every display with this id, in any cell, now shows this bundle. */
export interface DisplayUpdated {
  readonly kind: "display-updated";
  readonly display_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata: { readonly [key: string]: unknown };
}

/**
 * A document began: `update` holds all of it. A new generation replaces the old one;
 * a client whose edits belong to another generation keeps them as a conflict copy.
 */
export interface DocumentCreated {
  readonly kind: "document-created";
  readonly generation: string;
  readonly update: Uint8Array;
}

/** One encoded Yjs (v1) update; opaque to the core. */
export interface DocumentUpdated {
  readonly kind: "document-updated";
  readonly generation: string;
  readonly update: Uint8Array;
}

/** Records up to `sequence` are on the disk for good (D1). */
export interface Durable {
  readonly kind: "durable";
  readonly sequence: number;
}

/** An exception was shown. */
export interface ErrorAppended {
  readonly kind: "error-appended";
  readonly execution_id: string;
  readonly name: string;
  readonly message: string;
  readonly traceback: readonly string[];
}

/** An exception that ended the cell. `traceback` lines may carry ANSI colours. */
export interface ErrorOutput {
  readonly kind: "error";
  readonly index: number;
  readonly name: string;
  readonly message: string;
  readonly traceback: readonly string[];
  readonly start_line: number;
}

export type Event =
  | DocumentCreated
  | DocumentUpdated
  | ExecutionQueued
  | ExecutionStarted
  | ExecutionFinished
  | ExecutionLoaded
  | TextAppended
  | DisplayAppended
  | DisplayUpdated
  | ErrorAppended
  | OutputsCleared
  | OutputsDiscarded
  | InputRequested
  | InputAnswered
  | KernelRequested
  | KernelStarted
  | KernelInterrupted
  | KernelDied
  | KernelStopped
  | CommOpened
  | CommMessaged
  | CommClosed
  | CommHandled
  | DebuggerReported
  | CheckpointWritten
  | FileConflicted
  | ConflictResolved;

/** Consecutive records. The first follows the last one the client was given. */
export interface Events {
  readonly kind: "events";
  readonly records: readonly Record[];
}

/** One run of one cell. Times are the records' stamps (UTC seconds). */
export interface Execution {
  readonly execution_id: string;
  readonly cell_id: string;
  readonly phase: "finished" | "queued" | "running";
  readonly source: string | null;
  readonly stop_on_error: boolean;
  readonly actor: string;
  readonly status: ExecutionStatus | null;
  readonly execution_count: number | null;
  readonly queued_at: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly took_ms: number | null;
  readonly outputs: Outputs;
  readonly asked?: Asked;
}

/**
 * `took_ms` is measured in the kernel (monotonic), null where it never ran.
 * `expressions` are the values of those that a Jupyter client asked for.
 */
export interface ExecutionFinished {
  readonly kind: "execution-finished";
  readonly execution_id: string;
  readonly status: ExecutionStatus;
  readonly execution_count: number | null;
  readonly took_ms: number | null;
  readonly expressions?: { readonly [key: string]: unknown };
}

/** A finished execution known only from the notebook file: its count and outputs. */
export interface ExecutionLoaded {
  readonly kind: "execution-loaded";
  readonly execution_id: string;
  readonly cell_id: string;
  readonly execution_count: number | null;
  readonly outputs: readonly Output[];
}

/**
 * `source` is the text that will run, read from the document when it was asked for.
 * It replaces the cell's earlier execution and that one's outputs. `asked` is there when a
 * Jupyter client wants it run.
 */
export interface ExecutionQueued {
  readonly kind: "execution-queued";
  readonly execution_id: string;
  readonly cell_id: string;
  readonly source: string;
  readonly stop_on_error: boolean;
  readonly asked?: Asked;
}

/** The execution was handed to the kernel. */
export interface ExecutionStarted {
  readonly kind: "execution-started";
  readonly execution_id: string;
}

export type ExecutionStatus = "aborted" | "cancelled" | "died" | "error" | "interrupted" | "ok";

/**
 * The file changed on disk while the document had unsaved edits. Nothing is written
 * until someone chooses. `digest` is what stands on disk.
 */
export interface FileConflicted {
  readonly kind: "file-conflicted";
  readonly digest: string;
  readonly message: string;
}

/** The server closes; `code` is an error code and `message` says what to do. */
export interface Goodbye {
  readonly kind: "goodbye";
  readonly code: string;
  readonly message: string;
}

/**
 * `after` is the last sequence the client has folded and `epoch` the log it came from;
 * null for a client that has nothing. `client_id` is the client's own and survives its
 * reconnects. `token` is the page's anti-forgery token when the socket was opened with a
 * cookie.
 */
export interface Hello {
  readonly kind: "hello";
  readonly protocol: number;
  readonly client_id: string;
  readonly epoch?: string | null;
  readonly after?: number | null;
  readonly token?: string | null;
}

/** `value` is null for a password (it is not recorded) and for a cancelled prompt. */
export interface InputAnswered {
  readonly kind: "input-answered";
  readonly prompt_id: string;
  readonly value: string | null;
  readonly cancelled: boolean;
}

/** The kernel waits in `input()` or `getpass()`. Any client may answer. */
export interface InputRequested {
  readonly kind: "input-requested";
  readonly execution_id: string;
  readonly prompt_id: string;
  readonly prompt: string;
  readonly password: boolean;
}

/** Documentation of the name at `cursor`; `detail` 1 asks for the source too. */
export interface Inspect {
  readonly kind: "inspect";
  readonly code: string;
  readonly cursor: number;
  readonly detail?: 0 | 1;
}

/** Send SIGINT to the kernel and empty the queue. */
export interface Interrupt {
  readonly kind: "interrupt";
}

/**
 * `received` is the guest's number up to which its reports are in the log.
 * `interrupts` counts SIGINTs since the running execution started.
 */
export interface Kernel {
  readonly phase: "dead" | "none" | "ready" | "starting";
  readonly kernel_id: string | null;
  readonly interpreter: string | null;
  readonly pid: number | null;
  readonly python: string | null;
  readonly version: string | null;
  readonly received: number;
  readonly interrupts: number;
  readonly cause: DeathCause | null;
}

/** The kernel ended unasked. What was running is `died`, what was queued `aborted`. */
export interface KernelDied {
  readonly kind: "kernel-died";
  readonly kernel_id: string;
  readonly cause: DeathCause;
}

/**
 * SIGINT was asked for. `attempt` counts within one execution, from 1; at 3 the page
 * offers to kill the kernel.
 */
export interface KernelInterrupted {
  readonly kind: "kernel-interrupted";
  readonly kernel_id: string;
  readonly attempt: number;
}

/** A kernel is being started. `interpreter` null: the server's own environment. */
export interface KernelRequested {
  readonly kind: "kernel-requested";
  readonly kernel_id: string;
  readonly interpreter: string | null;
}

/** The kernel shook hands. */
export interface KernelStarted {
  readonly kind: "kernel-started";
  readonly kernel_id: string;
  readonly pid: number;
  readonly python: string;
  readonly version: string;
}

/** The kernel ended because someone, or a policy, asked for it. */
export interface KernelStopped {
  readonly kind: "kernel-stopped";
  readonly kernel_id: string;
  readonly reason: string;
}

/** The names a person defined, with type, shape, size and a short preview. */
export interface ListVariables {
  readonly kind: "list-variables";
}

/** With a `message_id`, here and below, `CommHandled` says when the kernel is done. */
export interface OpenComm {
  readonly kind: "open-comm";
  readonly comm_id: string;
  readonly target: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata?: { readonly [key: string]: unknown };
  readonly buffers?: readonly Uint8Array[];
  readonly message_id?: string;
}

export type Operation =
  | UpdateDocument
  | RunCells
  | RunCode
  | RunAll
  | RunAbove
  | RunBelow
  | CancelExecutions
  | Interrupt
  | StartKernel
  | RestartKernel
  | StopKernel
  | AnswerInput
  | CancelInput
  | ClearOutputs
  | Save
  | ResolveConflict
  | OpenComm
  | SendComm
  | CloseComm;

export type Output =
  | StreamOutput
  | DisplayOutput
  | ErrorOutput;

/**
 * The outputs of one execution: the first items and the newest, and how many between.
 *
 * `index` of an item counts every output the execution ever made, from 0; where items
 * are left out, the indices jump. `next_line` is the transcript's line on which the next
 * character of the last stream would stand. `clear_next` is true after
 * `clear_output(wait=True)`: the next output empties the list first. `weight` is the size
 * in characters of all items but the last, which is what the budget is kept by.
 */
export interface Outputs {
  readonly items: readonly Output[];
  readonly omitted_items: number;
  readonly next_index: number;
  readonly next_line: number;
  readonly clear_next: boolean;
  readonly weight: number;
}

/** The cell cleared its outputs: now, or when the next one comes (`wait`). */
export interface OutputsCleared {
  readonly kind: "outputs-cleared";
  readonly execution_id: string;
  readonly wait: boolean;
}

/** A person cleared the outputs of these cells. Running cells keep their execution. */
export interface OutputsDiscarded {
  readonly kind: "outputs-discarded";
  readonly cell_ids: readonly string[];
}

export interface Ping {
  readonly kind: "ping";
  readonly nonce?: number;
}

export interface Pong {
  readonly kind: "pong";
  readonly nonce: number;
}

export interface Prompt {
  readonly prompt_id: string;
  readonly execution_id: string;
  readonly prompt: string;
  readonly password: boolean;
}

/**
 * `sequence` counts from 1 without gaps within one notebook. `at` is UTC seconds
 * since the epoch and a label only: order is by `sequence`.
 *
 * `actor` says who caused it: `client:<client_id>`, `agent:<name>`,
 * `kernel:<kernel_id>`, `server`.
 * `operation_id` is that of the operation it answers, so that one sent twice is known
 * again. `received` is the guest's number up to which this record and those before it
 * hold everything (0: not from a kernel).
 */
export interface Record {
  readonly sequence: number;
  readonly at: number;
  readonly actor: string;
  readonly event: Event;
  readonly operation_id: string | null;
  readonly received: number;
}

/** "Not now, because": goes to the asker only. `code` is stable. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** `result` is an object whose form depends on the request; see the spec. */
export interface Reply {
  readonly kind: "reply";
  readonly request_id: string;
  readonly result: { readonly [key: string]: unknown } | null;
  readonly refusal: Refusal | null;
}

export type Request =
  | Complete
  | Inspect
  | ListVariables
  | Usage
  | Table;

export interface ResolveConflict {
  readonly kind: "resolve-conflict";
  readonly choice: "copy" | "mine" | "theirs";
}

/** Stop the kernel, start a new one; with `run_all` queue every code cell after it. */
export interface RestartKernel {
  readonly kind: "restart-kernel";
  readonly run_all?: boolean;
  readonly interpreter?: string | null;
}

/** The cells above `cell_id`, not itself. */
export interface RunAbove {
  readonly kind: "run-above";
  readonly cell_id: string;
  readonly stop_on_error?: boolean;
}

export interface RunAll {
  readonly kind: "run-all";
  readonly stop_on_error?: boolean;
}

/** `cell_id` and the cells below it. */
export interface RunBelow {
  readonly kind: "run-below";
  readonly cell_id: string;
  readonly stop_on_error?: boolean;
}

/**
 * Queue these cells, in the order given. Cells that hold no code are passed over; a
 * cell that already waits in the queue keeps its place. Starts a kernel if there is none.
 */
export interface RunCells {
  readonly kind: "run-cells";
  readonly cell_ids: readonly string[];
  readonly stop_on_error?: boolean;
}

/**
 * Queue this source as it stands, not as the document has it: a Jupyter client sends
 * what its user sees. It is run for the cell named, else for none of the notebook's (then
 * it is kept, as in a console). Starts a kernel if there is none.
 */
export interface RunCode {
  readonly kind: "run-code";
  readonly source: string;
  readonly cell_id?: string | null;
  readonly stop_on_error?: boolean;
  readonly asked?: Asked;
}

/** Write the `.ipynb` now. */
export interface Save {
  readonly kind: "save";
}

export interface SendComm {
  readonly kind: "send-comm";
  readonly comm_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly metadata?: { readonly [key: string]: unknown };
  readonly buffers?: readonly Uint8Array[];
  readonly message_id?: string;
}

export type ServerFrame =
  | Welcome
  | Snapshot
  | Events
  | Answer
  | Reply
  | Durable
  | Status
  | SettingsChanged
  | Pong
  | Goodbye;

/**
 * `cells` names the newest execution of each cell; only those, and the queued ones, are
 * kept in `executions`. `queue` is in order of running and does not hold `running`.
 * `answered` are the newest operation ids, oldest first (not sent to clients).
 */
export interface SessionState {
  readonly sequence: number;
  readonly generation: string | null;
  readonly executions: { readonly [key: string]: Execution };
  readonly cells: { readonly [key: string]: string };
  readonly queue: readonly string[];
  readonly running: string | null;
  readonly kernel: Kernel;
  readonly prompts: { readonly [key: string]: Prompt };
  readonly comms: { readonly [key: string]: Comm };
  readonly checkpoint: Checkpoint;
  readonly answered: readonly string[];
}

/** The page's settings are others now; who obeys them asks for them anew (PAGE-63). */
export interface SettingsChanged {
  readonly kind: "settings-changed";
}

/** Everything at `state.sequence`. `document` is the whole document as one update. */
export interface Snapshot {
  readonly kind: "snapshot";
  readonly state: SessionState;
  readonly document: Uint8Array;
}

/**
 * Start a kernel if none lives. `interpreter` is a Python executable or a virtual
 * environment's folder; null means the notebook's own choice, else the server's.
 */
export interface StartKernel {
  readonly kind: "start-kernel";
  readonly interpreter?: string | null;
}

/** What cannot be a record: the store's own health. Sent on change and after Welcome. */
export interface Status {
  readonly kind: "status";
  readonly storage: "damaged" | "full" | "writable";
  readonly message: string;
  readonly file: "conflict" | "failed" | "read-only" | "saved" | "saving" | "unsaved";
  readonly file_message: string;
  readonly saved_at: number | null;
}

/** Stop the kernel; `kill` does not wait for it to agree. */
export interface StopKernel {
  readonly kind: "stop-kernel";
  readonly kill?: boolean;
}

export type StreamName = "stderr" | "stdout";

/**
 * Adjacent text of one stream, its newest and oldest parts.
 *
 * While nothing is left out, `tail` is empty and `head` is the whole text. Otherwise
 * the text is `head`, then `omitted_chars` characters (`omitted_lines` newlines) that
 * only the log has, then `tail`. `column` is where the next character goes in the last
 * line (None: at its end): a carriage return waits there for what overwrites the line.
 *
 * What the fold must remember so that text may be cut anywhere: `row`, how many rows
 * above the last one the cursor is; `reach`, how many rows above the last one it may
 * still go to (-1: the last row continues a line too long to be one row); `width`, the
 * characters in the last row; `pen`, the colours in force as one SGR escape; `pending`,
 * an escape sequence whose end has not come yet. A page needs none of them to draw.
 *
 * `lines` counts the newlines that were written, as the transcript does; the text shown
 * has fewer where a program moved the cursor up and drew again.
 */
export interface StreamOutput {
  readonly kind: "stream";
  readonly index: number;
  readonly name: StreamName;
  readonly head: string;
  readonly tail: string;
  readonly omitted_chars: number;
  readonly omitted_lines: number;
  readonly start_line: number;
  readonly lines: number;
  readonly column: number | null;
  readonly row: number;
  readonly reach: number;
  readonly width: number;
  readonly pen: string;
  readonly pending: string;
}

/** One operation. Answered by `Answer`, always. */
export interface Submit {
  readonly kind: "submit";
  readonly operation_id: string;
  readonly operation: Operation;
}

/**
 * Rows, or statistics of columns, of a data frame that was shown (docs/spec/tables.md).
 * `columns` null means all.
 */
export interface Table {
  readonly kind: "table";
  readonly handle: string;
  readonly action?: "page" | "stats";
  readonly offset?: number;
  readonly limit?: number;
  readonly columns?: readonly number[] | null;
  readonly sort?: readonly TableSort[];
  readonly filters?: readonly TableFilter[];
  readonly search?: string;
  readonly text_limit?: number;
}

/**
 * `between`: from `low` to `high`, both included, null for open; numbers, or ISO text for
 * times. `contains`: `text` in the value's text. `one-of`: the text is among `values`.
 * `missing`, `present`: whether there is a value (NaN is none).
 */
export interface TableFilter {
  readonly column: number;
  readonly test: "between" | "contains" | "missing" | "one-of" | "present";
  readonly low?: number | string | null;
  readonly high?: number | string | null;
  readonly text?: string;
  readonly values?: readonly string[];
}

/** One column by which rows are ordered, named by its place. */
export interface TableSort {
  readonly column: number;
  readonly descending?: boolean;
}

/** Text one execution wrote. It may hold `\r`, backspace and ANSI escapes. */
export interface TextAppended {
  readonly kind: "text-appended";
  readonly execution_id: string;
  readonly stream: StreamName;
  readonly text: string;
}

/**
 * Merge one Yjs (v1) update. Refused (`document.generation`) when the sender's
 * document is of another generation.
 */
export interface UpdateDocument {
  readonly kind: "update-document";
  readonly generation: string;
  readonly update: Uint8Array;
}

/** Memory and processor use of the kernel's processes. */
export interface Usage {
  readonly kind: "usage";
}

/**
 * `epoch` names the log; after a change of it nothing the client has may be resumed.
 * `last` is the newest sequence, `durable` the newest that survives a power loss.
 */
export interface Welcome {
  readonly kind: "welcome";
  readonly protocol: number;
  readonly server: string;
  readonly notebook_id: string;
  readonly path: string;
  readonly epoch: string;
  readonly last: number;
  readonly durable: number;
  readonly may: readonly string[];
}
