import { readFile } from 'node:fs/promises';
import type { APIServer } from '../../../test/harness/apiserver.ts';
import { poll } from '../../../test/harness/poll.ts';
import { fluxNamespace } from './controllers.ts';
import type { GitServer } from './git-server.ts';

const exampleURL = 'https://git.example.com/platform';

/** What Flux says about a commit. */
export interface Verdict {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

interface Condition extends Omit<Verdict, 'status'> {
  readonly type: string;
  readonly status: string;
}

/** The GitRepository and the Kustomization of examples/gitops/flux. */
export class Kustomization {
  readonly #cluster: APIServer;
  #requests = 0;

  constructor(cluster: APIServer) {
    this.#cluster = cluster;
  }

  /** Applies the examples as they are, but for the address of the repository. */
  async apply({ url }: GitServer): Promise<void> {
    const source = await readFile('examples/gitops/flux/source.yaml', 'utf8');
    if (!source.includes(exampleURL)) {
      throw new Error(`examples/gitops/flux/source.yaml does not name ${exampleURL}.`);
    }
    await this.#cluster.apply(source.replace(exampleURL, url));
    await this.#cluster.apply(await readFile('examples/gitops/flux/kustomization.yaml', 'utf8'));
  }

  /** Asks Flux to look at Git and to apply what is there, as `flux reconcile --with-source` does. */
  async reconcile(): Promise<void> {
    this.#requests += 1;
    for (const kind of ['gitrepository', 'kustomization']) {
      await this.#cluster.kubectl([
        ...['annotate', kind, 'tuf-recovery', `--namespace=${fluxNamespace}`, '--overwrite'],
        `reconcile.fluxcd.io/requestedAt=${this.#requests}`,
      ]);
    }
  }

  /** Waits until Flux has come to a verdict on a commit, after the last request to reconcile. */
  verdict(commit: string): Promise<Verdict> {
    return poll(
      `Flux to judge ${commit.slice(0, 8)}`,
      async () => {
        const args = [
          'get',
          'kustomization',
          'tuf-recovery',
          `--namespace=${fluxNamespace}`,
          '--output=json',
        ];
        const { status } = JSON.parse(await this.#cluster.kubectl(args)) as {
          readonly status?: {
            readonly lastAttemptedRevision?: string;
            readonly lastHandledReconcileAt?: string;
            readonly conditions?: readonly Condition[];
          };
        };
        const ready = status?.conditions?.find(({ type }) => type === 'Ready');
        const judged =
          status?.lastAttemptedRevision?.endsWith(commit) &&
          (ready?.status === 'True' || ready?.status === 'False');
        const handled = status?.lastHandledReconcileAt === String(this.#requests);
        return judged && handled && ready !== undefined
          ? {
              status: ready.status === 'True' ? 'True' : 'False',
              reason: ready.reason,
              message: ready.message,
            }
          : undefined;
      },
      { timeoutMs: 600_000, intervalMs: 200 },
    );
  }
}
