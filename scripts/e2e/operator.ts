import type { Kubernetes } from './kubernetes.ts';
import { names } from './names.ts';
import type { Provider } from './provider.ts';

/** The chart's release, installed and changed as a user does it. */
export class Operator {
  readonly #kubernetes: Kubernetes;
  readonly #settings: readonly string[];

  constructor(kubernetes: Kubernetes, { images }: Provider) {
    this.#kubernetes = kubernetes;
    const { repository, tag } = images.operator;
    this.#settings = [
      `image.repository=${repository}`,
      `image.tag=${tag}`,
      `watchNamespaces={${names.app}}`,
      'shim.enabled=true',
      'shim.auth.sharedSecret.existingSecret=faynosync-jwt',
      'shim.admins.names={alice}',
      `shim.tenants.default.namespace=${names.app}`,
    ];
  }

  async install(): Promise<void> {
    await this.#helm('install');
  }

  /** @param changes further settings, `name=value` */
  async upgrade(...changes: readonly string[]): Promise<void> {
    await this.#helm('upgrade', ...changes);
  }

  /** Back to the revision before the last change. */
  async rollback(): Promise<void> {
    await this.#kubernetes.helm([
      ...['rollback', names.release, `--namespace=${names.operator}`, '--wait', '--timeout=180s'],
    ]);
  }

  /** Runs the tests that the chart brings along. */
  async test(): Promise<void> {
    await this.#kubernetes.helm(['test', names.release, `--namespace=${names.operator}`, '--timeout=180s']);
  }

  async uninstall(): Promise<void> {
    await this.#kubernetes.helm([
      ...['uninstall', names.release, `--namespace=${names.operator}`, '--wait', '--timeout=180s'],
    ]);
  }

  async #helm(command: 'install' | 'upgrade', ...changes: readonly string[]): Promise<void> {
    await this.#kubernetes.helm([
      ...[command, names.release, names.chart, `--namespace=${names.operator}`, '--wait', '--timeout=180s'],
      ...[...this.#settings, ...changes].map((setting) => `--set=${setting}`),
    ]);
  }
}
