import { MetadataFault } from '../fault.ts';
import { type Root, signersOf } from '../root.ts';
import type { Snapshot } from '../snapshot.ts';
import { type ArtifactIndex, type ClientOptions, MetadataLoader } from './metadata-loader.ts';
import { rolesFor } from './path-match.ts';
import { ClientRefusal } from './refusal.ts';
import type { TargetFile } from './target-file.ts';

/** Most roles visited in search of one artifact (spec 5.6.7.1). */
const MAX_VISITS = 32;

/** Top-level metadata after a successful refresh. */
interface Refreshed {
  readonly root: Root;
  readonly snapshot: Snapshot;
  readonly targets: ArtifactIndex;
}

/**
 * The specification's client workflow (5.1–5.7): root, timestamp, snapshot, targets, each stored as soon as it is
 * trusted, and delegated roles as the search for an artifact needs them.
 *
 * Throws {@link ClientRefusal} when metadata does not verify, and what the mirror and the store throw.
 */
export class Updater {
  readonly #loader: MetadataLoader;
  #refreshed: Refreshed | undefined;

  constructor(options: ClientOptions) {
    this.#loader = new MetadataLoader(options);
  }

  /** Brings the top-level metadata up to date; once for each instance. */
  async refresh(): Promise<void> {
    await this.#current();
  }

  /** Whether artifacts are requested under their digest (spec 6.2.2). Refreshes first when that was not done. */
  async consistentSnapshot(): Promise<boolean> {
    return (await this.#current()).root.consistentSnapshot ?? false;
  }

  /** Finds an artifact in pre-order through the delegations (spec 5.6.7); undefined when nobody vouches for it. */
  async find(path: string): Promise<TargetFile | undefined> {
    const refreshed = await this.#current();
    const found = await this.#search(path, 'targets', refreshed.targets, refreshed, new Set());
    return found === 'stop' ? undefined : found;
  }

  async #search(
    path: string,
    role: string,
    index: ArtifactIndex,
    refreshed: Refreshed,
    visited: Set<string>,
  ): Promise<TargetFile | undefined | 'stop'> {
    visited.add(role);
    const found = await about(role, async () => index.artifact(path));
    const { delegations } = index.metadata;
    if (found !== undefined || delegations === undefined) return found;
    for (const delegated of rolesFor(delegations, path)) {
      const { name } = delegated;
      if (visited.has(name) || visited.size >= MAX_VISITS) continue;
      const signers = { role: delegated, keys: delegations.keys };
      const child = await about(name, () =>
        this.#loader.targets(name, signers, refreshed.root, refreshed.snapshot),
      );
      const result = await this.#search(path, name, child, refreshed, visited);
      if (result !== undefined) return result;
      if (delegated.terminating === true) return 'stop';
    }
    return undefined;
  }

  async #current(): Promise<Refreshed> {
    if (this.#refreshed !== undefined) return this.#refreshed;
    const loader = this.#loader;
    const root = await about('root', () => loader.root());
    const timestamp = await about('timestamp', () => loader.timestamp(root));
    const snapshot = await about('snapshot', () => loader.snapshot(root, timestamp));
    const targets = await about('targets', () =>
      loader.targets('targets', signersOf(root, 'targets'), root, snapshot),
    );
    this.#refreshed = { root, snapshot, targets };
    return this.#refreshed;
  }
}

/** Says whose metadata a fault is about. */
async function about<T>(role: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof MetadataFault ? new ClientRefusal(role, error) : error;
  }
}
