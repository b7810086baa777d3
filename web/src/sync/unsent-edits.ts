/**
 * Edits that the server has not acknowledged, kept in the browser so that a reload, a crash or a
 * flat battery does not lose them; and conflict copies, until a person has dealt with them.
 *
 * What is kept is a whole document state by notebook, generation and page: pages of one browser
 * do not overwrite each other, and whichever comes back first delivers for all. Where there is no
 * IndexedDB (a private window, a full disk) nothing is kept, and that is said once.
 */

import type { ConflictCopy } from "../store/session";

export interface KeptState {
  readonly key: string;
  readonly notebook_id: string;
  readonly generation: string;
  readonly state: Uint8Array;
}

export interface KeptCopy extends ConflictCopy {
  readonly notebook_id: string;
}

export interface UnsentEdits {
  states(notebookId: string): Promise<KeptState[]>;
  putState(kept: KeptState): Promise<void>;
  deleteStates(keys: readonly string[]): Promise<void>;
  copies(notebookId: string): Promise<KeptCopy[]>;
  putCopy(copy: KeptCopy): Promise<void>;
  deleteCopy(id: string): Promise<void>;
}

const NAME = "tailrace";
const VERSION = 1;
const BY_NOTEBOOK = "notebook";

/** Kept in IndexedDB. */
export class BrowserEdits implements UnsentEdits {
  #opened: Promise<IDBDatabase> | null = null;
  readonly #factory: IDBFactory;

  constructor(factory: IDBFactory = indexedDB) {
    this.#factory = factory;
  }

  states(notebookId: string): Promise<KeptState[]> {
    return this.#read("states", notebookId);
  }

  putState(kept: KeptState): Promise<void> {
    return this.#write("states", (store) => store.put(kept));
  }

  deleteStates(keys: readonly string[]): Promise<void> {
    return this.#write("states", (store) => {
      for (const key of keys) store.delete(key);
    });
  }

  copies(notebookId: string): Promise<KeptCopy[]> {
    return this.#read("copies", notebookId);
  }

  putCopy(copy: KeptCopy): Promise<void> {
    return this.#write("copies", (store) => store.put(copy));
  }

  deleteCopy(id: string): Promise<void> {
    return this.#write("copies", (store) => store.delete(id));
  }

  async #read<T>(name: string, notebookId: string): Promise<T[]> {
    const database = await this.#open();
    const transaction = database.transaction(name, "readonly");
    const found = transaction.objectStore(name).index(BY_NOTEBOOK).getAll(notebookId);
    return asked<T[]>(found);
  }

  async #write(name: string, change: (store: IDBObjectStore) => unknown): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction(name, "readwrite");
    change(transaction.objectStore(name));
    // A page that is about to go may not live to see it end: it is committed now, not later.
    transaction.commit();
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error("not stored"));
      transaction.onerror = () => reject(transaction.error ?? new Error("not stored"));
    });
  }

  #open(): Promise<IDBDatabase> {
    this.#opened ??= this.#openOnce().catch((error: unknown) => {
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  async #openOnce(): Promise<IDBDatabase> {
    const request = this.#factory.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      const states = request.result.createObjectStore("states", { keyPath: "key" });
      states.createIndex(BY_NOTEBOOK, "notebook_id");
      const copies = request.result.createObjectStore("copies", { keyPath: "id" });
      copies.createIndex(BY_NOTEBOOK, "notebook_id");
    };
    const database = await asked(request);
    // A newer page wants to change the form: let it.
    database.onversionchange = () => {
      database.close();
      this.#opened = null;
    };
    return database;
  }
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

/** Kept as long as this object: for browsers without IndexedDB, programs and tests. */
export class MemoryEdits implements UnsentEdits {
  readonly #states = new Map<string, KeptState>();
  readonly #copies = new Map<string, KeptCopy>();

  async states(notebookId: string): Promise<KeptState[]> {
    return [...this.#states.values()].filter((kept) => kept.notebook_id === notebookId);
  }

  async putState(kept: KeptState): Promise<void> {
    this.#states.set(kept.key, kept);
  }

  async deleteStates(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#states.delete(key);
  }

  async copies(notebookId: string): Promise<KeptCopy[]> {
    return [...this.#copies.values()].filter((copy) => copy.notebook_id === notebookId);
  }

  async putCopy(copy: KeptCopy): Promise<void> {
    this.#copies.set(copy.id, copy);
  }

  async deleteCopy(id: string): Promise<void> {
    this.#copies.delete(id);
  }
}
