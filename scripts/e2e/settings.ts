import type { DemoApp } from '../demo/app.ts';
import type { Kubernetes } from './kubernetes.ts';
import { names } from './names.ts';

/** The settings of apps in the scenario's Redis, which is reached through its pod. */
export class Settings {
  readonly #kubernetes: Kubernetes;

  constructor(kubernetes: Kubernetes) {
    this.#kubernetes = kubernetes;
  }

  /** Redis loses everything. */
  async loseAll(): Promise<void> {
    await this.redis('FLUSHALL');
  }

  /**
   * @param taskID what the marker of a recovered app says
   * @throws Error on the first key that is not what it was before the loss
   */
  async requireRestored(app: DemoApp, taskID: string): Promise<void> {
    const wanted = Object.entries({ ...app.settings, [`BOOTSTRAP_${app.suffix}`]: taskID });
    const found = (await this.redis(`MGET ${wanted.map(([key]) => key).join(' ')}`)).split('\n');
    for (const [index, [key, value]] of wanted.entries()) {
      if (found[index] !== value) {
        throw new Error(`${key} is "${found[index]}", but was "${value}".`);
      }
    }
  }

  async lockOf(app: DemoApp): Promise<string> {
    return (await this.redis(`GET RECOVERY_LOCK_${app.suffix}`)).trim();
  }

  redis(command: string): Promise<string> {
    // Through standard input: thousands of names are too many for arguments.
    return this.#kubernetes.exec(names.app, 'deployment/redis', ['redis-cli', '--raw'], `${command}\n`);
  }
}
