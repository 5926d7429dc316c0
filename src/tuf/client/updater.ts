import { type Root, signersOf } from '../metadata/root.ts';
import type { ArtifactIndex } from './artifact-index.ts';
import { attributingTo } from './refusal.ts';
import { updateRoot } from './root-update.ts';
import { updateSnapshot } from './snapshot-update.ts';
import type { TargetFile } from './target-file.ts';
import { TargetSearch } from './target-search.ts';
import { TargetsLoader } from './targets-loader.ts';
import { updateTimestamp } from './timestamp-update.ts';
import { type ClientOptions, UpdateSession } from './update-session.ts';

/** What a successful refresh leads to. */
interface Refreshed {
  readonly root: Root;
  readonly targets: ArtifactIndex;
  readonly loader: TargetsLoader;
}

/**
 * The specification's client workflow (5.1–5.6): root, timestamp, snapshot, targets, each stored as soon as
 * it is trusted, and delegated roles as the search for an artifact needs them. Strict: expired metadata
 * refuses. What is stored stays usable whatever happens; the next update continues from there.
 *
 * Throws ClientRefusal when metadata does not verify, TerminalError `NotFound` when no root is stored, and
 * what the mirror and the store throw.
 */
export class Updater {
  readonly #session: UpdateSession;
  #refreshed: Refreshed | undefined;

  constructor(options: ClientOptions) {
    this.#session = new UpdateSession(options);
  }

  /** Brings the top-level metadata up to date; once for each instance. */
  async refresh(): Promise<void> {
    await this.#current();
  }

  /**
   * Whether artifacts are requested under their digest (spec 6.2.2). Refreshes first when that was not done.
   */
  async consistentSnapshot(): Promise<boolean> {
    return (await this.#current()).root.consistentSnapshot ?? false;
  }

  /**
   * What the repository says about an artifact; undefined when no role that is trusted for the path knows it.
   * Refreshes first when that was not done.
   *
   * @param path the artifact's TARGETPATH
   */
  async find(path: string): Promise<TargetFile | undefined> {
    const { loader, targets } = await this.#current();
    return new TargetSearch(loader, path).from(targets);
  }

  async #current(): Promise<Refreshed> {
    this.#refreshed ??= await this.#refresh();
    return this.#refreshed;
  }

  async #refresh(): Promise<Refreshed> {
    const session = this.#session;
    const root = await attributingTo('root', () => updateRoot(session));
    const timestamp = await attributingTo('timestamp', () => updateTimestamp(session, root));
    const snapshot = await attributingTo('snapshot', () => updateSnapshot(session, root, timestamp));
    const loader = new TargetsLoader(session, root, snapshot);
    const targets = await attributingTo('targets', () => loader.load('targets', signersOf(root, 'targets')));
    return { root, targets, loader };
  }
}
