import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { execute } from '../../demo/execute.ts';

/** The folder that examples/gitops/flux/kustomization.yaml applies. */
const folder = 'recovery';

/** What is kept in Git: a copy of examples/gitops, and a bare repository that it is pushed to. */
export class Repository {
  readonly #bare: string;
  readonly #work: string;
  readonly #resources: Set<string>;

  private constructor(root: string, resources: readonly string[]) {
    this.#bare = join(root, 'served', 'tuf-recovery.git');
    this.#work = join(root, 'work');
    this.#resources = new Set(resources);
  }

  /**
   * @param root an empty directory; what Git serves lies in `served` below it
   * @param resources files of examples/gitops/recovery to begin with
   */
  static async create(root: string, resources: readonly string[]): Promise<Repository> {
    const repository = new Repository(root, resources);
    await mkdir(join(root, 'served'));
    await execute('git', ['init', '--quiet', '--bare', '--initial-branch=main', repository.#bare]);
    await execute('git', ['init', '--quiet', '--initial-branch=main', repository.#work]);
    await cp(join('examples/gitops', folder), join(repository.#work, folder), { recursive: true });
    return repository;
  }

  /** Puts a manifest into the folder; a former one of the same name is written over. */
  async add(name: string, manifest: object): Promise<void> {
    this.#resources.add(name);
    await writeFile(join(this.#work, folder, name), stringify(manifest));
  }

  async remove(name: string): Promise<void> {
    this.#resources.delete(name);
    await rm(join(this.#work, folder, name));
  }

  /** Commits everything and pushes it. @returns the commit's id */
  async push(message: string): Promise<string> {
    const kustomization = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      resources: [...this.#resources],
    };
    await writeFile(join(this.#work, folder, 'kustomization.yaml'), stringify(kustomization));
    const identity = [
      '-c',
      'user.name=e2e',
      '-c',
      'user.email=e2e@example.com',
      '-c',
      'commit.gpgsign=false',
    ];
    const git = (...args: readonly string[]): Promise<string> =>
      execute('git', ['-C', this.#work, ...identity, ...args]);
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', `--message=${message}`);
    await git('push', '--quiet', this.#bare, 'main');
    return (await git('rev-parse', 'HEAD')).trim();
  }
}
