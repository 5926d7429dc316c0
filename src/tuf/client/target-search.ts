import type { Signers } from '../keys/threshold.ts';
import type { ArtifactIndex } from './artifact-index.ts';
import { attributingTo } from './refusal.ts';
import { rolesFor } from './routing.ts';
import type { TargetFile } from './target-file.ts';
import type { TargetsLoader } from './targets-loader.ts';

/**
 * Most delegated roles visited in search of one artifact (spec 5.6.7.1); the reference clients stop there,
 * too.
 */
const MAX_DELEGATED_ROLES = 32;

/** Outcome of the search below one role: found, not found, or not to be looked for any further. */
type Result = TargetFile | 'continue' | 'stop';

/** Pre-order depth-first search for what the repository says about one artifact (spec 5.6.7). */
export class TargetSearch {
  readonly #loader: TargetsLoader;
  readonly #path: string;
  readonly #visited = new Set<string>();

  /** @param path the artifact's TARGETPATH */
  constructor(loader: TargetsLoader, path: string) {
    this.#loader = loader;
    this.#path = path;
  }

  /**
   * Undefined when no role that is trusted for the path knows it.
   *
   * @param targets the top-level targets metadata, where the search begins
   * @throws ClientRefusal when metadata on the way can't be had or does not verify: the search ends there
   */
  async from(targets: ArtifactIndex): Promise<TargetFile | undefined> {
    const result = await this.#visit('targets', targets);
    return result === 'stop' || result === 'continue' ? undefined : result;
  }

  async #visit(role: string, index: ArtifactIndex): Promise<Result> {
    this.#visited.add(role);
    const found = await attributingTo(role, () => index.artifact(this.#path));
    if (found !== undefined) {
      return found;
    }
    const { delegations } = index.metadata;
    if (delegations === undefined) {
      return 'continue';
    }
    for (const delegated of await attributingTo(role, () => rolesFor(delegations, this.#path))) {
      const result = await this.#follow(delegated.name, { role: delegated, keys: delegations.keys });
      if (result !== 'continue') {
        return result;
      }
      // Also when the role was skipped: a role after a terminating delegation has no say in this path.
      if (delegated.terminating === true) {
        return 'stop';
      }
    }
    return 'continue';
  }

  async #follow(role: string, signers: Signers): Promise<Result> {
    if (this.#visited.has(role)) {
      return 'continue';
    }
    // One of those visited is targets itself.
    if (this.#visited.size > MAX_DELEGATED_ROLES) {
      return 'stop';
    }
    const index = await attributingTo(role, () => this.#loader.load(role, signers));
    return this.#visit(role, index);
  }
}
