/**
 * Which of two values of a widget counts. Pure bookkeeping for one page. Rules WID-4 to WID-6.
 *
 * The session's log has one order, but a page shows its own change before it is there, and
 * the kernel's echo of a change comes after newer ones. Without this a slider that is dragged
 * jumps back to where it was.
 */

type Attributes = Map<string, string>;

export class Order {
  /** This page's newest message for each attribute that is not in the log yet. */
  readonly #underway = new Map<string, Attributes>();
  /** The newest client's message in the log whose echo has not come. */
  readonly #unechoed = new Map<string, Attributes>();

  /** This page sends `attributes` in `message_id`. */
  sends(comm_id: string, attributes: readonly string[], message_id: string): void {
    set(this.#underway, comm_id, attributes, message_id);
  }

  /** The message will never be in the log. */
  fails(comm_id: string, message_id: string): void {
    const mine = this.#underway.get(comm_id);
    for (const [attribute, id] of mine ?? []) if (id === message_id) mine?.delete(attribute);
  }

  /** A client's update is in the log: the attributes that another view should take from it. */
  logged(comm_id: string, attributes: readonly string[], message_id: string | undefined): string[] {
    const mine = this.#underway.get(comm_id);
    for (const attribute of attributes) {
      if (mine?.get(attribute) === message_id) mine?.delete(attribute);
    }
    if (message_id !== undefined) set(this.#unechoed, comm_id, attributes, message_id);
    return this.#notUnderway(comm_id, attributes);
  }

  /** The kernel changed `attributes`: those of them that count. */
  changed(comm_id: string, attributes: readonly string[]): string[] {
    return this.#notUnderway(comm_id, attributes);
  }

  /** The kernel echoes the message `answers`: the attributes for which no newer one is in the
   * log or on its way. */
  echoed(comm_id: string, attributes: readonly string[], answers: string | null): string[] {
    const waiting = this.#unechoed.get(comm_id);
    const current = attributes.filter((attribute) => {
      const newest = waiting?.get(attribute);
      return newest === undefined || newest === answers;
    });
    for (const attribute of current) waiting?.delete(attribute);
    return this.#notUnderway(comm_id, current);
  }

  /** Begin anew: the whole state was given. What is under way stays so. */
  reset(): void {
    this.#unechoed.clear();
  }

  forget(comm_id: string): void {
    this.#underway.delete(comm_id);
    this.#unechoed.delete(comm_id);
  }

  #notUnderway(comm_id: string, attributes: readonly string[]): string[] {
    const mine = this.#underway.get(comm_id);
    return attributes.filter((attribute) => !mine?.has(attribute));
  }
}

function set(
  map: Map<string, Attributes>,
  comm_id: string,
  attributes: readonly string[],
  message_id: string,
): void {
  const known = map.get(comm_id) ?? new Map<string, string>();
  map.set(comm_id, known);
  for (const attribute of attributes) known.set(attribute, message_id);
}
