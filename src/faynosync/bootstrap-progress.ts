import { isPersistedRoot, parseVersionedName } from './layout.ts';

/** What a bootstrap uploads, in this order, after the delegated roles and `1.root.json`. */
const UPLOADED_LAST = ['1.targets.json', '1.snapshot.json', 'timestamp.json'] as const;

/**
 * How far the bootstrap of an app came, by the names in its bucket, added one by one: a bucket may hold
 * any number of them.
 */
export class BootstrapUploadProgress {
  readonly #seen = new Set<string>();
  #hasPersistedRoot = false;
  #finished = false;

  add(name: string): void {
    this.#hasPersistedRoot ||= isPersistedRoot(name);
    this.#finished ||= name === 'timestamp.json' || (parseVersionedName(name)?.version ?? 1) > 1;
    if (name === '1.root.json' || UPLOADED_LAST.some((last) => last === name)) {
      this.#seen.add(name);
    }
  }

  /** Whether the app was ever bootstrapped. */
  get hasPersistedRoot(): boolean {
    return this.#hasPersistedRoot;
  }

  get hasFirstRoot(): boolean {
    return this.#seen.has('1.root.json');
  }

  /**
   * What a bootstrap that broke off has not uploaded. Without timestamp.json and with nothing above
   * version 1 it never finished. With anything else missing it did finish, and the file was lost later:
   * then nothing.
   */
  get missing(): readonly string[] {
    return this.#finished ? [] : UPLOADED_LAST.filter((name) => !this.#seen.has(name));
  }
}
