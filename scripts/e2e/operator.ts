import type { FormerVersion } from './former-version.ts';
import type { Kubernetes } from './kubernetes.ts';
import { names } from './names.ts';
import type { Provider } from './provider.ts';

/** The chart's release, installed and changed as a user does it. */
export class Operator {
  readonly #kubernetes: Kubernetes;
  readonly #repository: string;
  readonly #settings: readonly string[];

  constructor(kubernetes: Kubernetes, { images }: Provider) {
    this.#kubernetes = kubernetes;
    const { repository, tag } = images.operator;
    this.#repository = repository;
    this.#settings = [
      ...this.#basics(tag),
      'shim.enabled=true',
      'shim.auth.sharedSecret.existingSecret=faynosync-jwt',
      'shim.admins.names={alice}',
      `shim.tenants.default.namespace=${names.app}`,
    ];
  }

  async install(): Promise<void> {
    await this.#helm('install', names.chart, this.#settings);
  }

  /** The controller of an earlier version, as its chart has it. */
  async installFormer({ chart, tag }: FormerVersion): Promise<void> {
    await this.#helm('install', chart, this.#basics(tag));
  }

  /** @param changes further settings, `name=value` */
  async upgrade(...changes: readonly string[]): Promise<void> {
    // Without what earlier changes have set.
    await this.#helm('upgrade', names.chart, [...this.#settings, ...changes], ['--reset-values']);
  }

  /** @param revision the one to go back to; 0: the one before the last change */
  async rollback(revision = 0): Promise<void> {
    await this.#kubernetes.helm([
      ...['rollback', names.release, String(revision), `--namespace=${names.operator}`],
      ...['--wait', '--timeout=600s'],
    ]);
  }

  /** Runs the tests that the chart brings along. */
  async test(): Promise<void> {
    await this.#kubernetes.helm(['test', names.release, `--namespace=${names.operator}`, '--timeout=600s']);
  }

  async uninstall(): Promise<void> {
    await this.#kubernetes.helm([
      ...['uninstall', names.release, `--namespace=${names.operator}`, '--wait', '--timeout=600s'],
    ]);
  }

  #basics(tag: string): readonly string[] {
    return [`image.repository=${this.#repository}`, `image.tag=${tag}`, `watchNamespaces={${names.app}}`];
  }

  async #helm(
    command: 'install' | 'upgrade',
    chart: string,
    settings: readonly string[],
    flags: readonly string[] = [],
  ): Promise<void> {
    await this.#kubernetes.helm([
      ...[command, names.release, chart, `--namespace=${names.operator}`, '--wait', '--timeout=600s'],
      ...[...flags, ...settings.map((setting) => `--set=${setting}`)],
    ]);
  }
}
