import type { BootstrapRecovery } from '../../src/api/bootstraprecovery.generated.ts';
import type { DemoApp } from '../demo/app.ts';
import { Hopeless, type Kubernetes } from './kubernetes.ts';
import { names } from './names.ts';
import type { Settings } from './settings.ts';

/** What the end of a run must be like. */
interface Wanted {
  /** How many attempts it must count; 1 when absent. */
  readonly attempts?: number | 'several';
  /** When it was disturbed, in milliseconds since 1970; it must have ended later. */
  readonly after?: number;
  /** Whether the event that announces it may be missing. */
  readonly eventMayBeMissing?: boolean;
}

/** A run over an app of alice's. */
export function runManifest(name: string, appName: string, target: string): object {
  const spec = { adminName: 'alice', appName, targetRef: { name: target } };
  return { apiVersion: 'tuf-recovery.dev/v1alpha1', kind: 'BootstrapRecovery', metadata: { name }, spec };
}

/** The runs of the scenario. */
export class Runs {
  readonly #kubernetes: Kubernetes;
  readonly #settings: Settings;

  constructor(kubernetes: Kubernetes, settings: Settings) {
    this.#kubernetes = kubernetes;
    this.#settings = settings;
  }

  async create(name: string, appName: string, target: string): Promise<void> {
    await this.#kubernetes.apply(names.app, [runManifest(name, appName, target)]);
  }

  get(name: string): Promise<BootstrapRecovery> {
    return this.#kubernetes.get(names.app, 'bootstraprecovery', name);
  }

  /** Waits until a run is in the middle of its work. */
  async untilInTheMiddle(name: string): Promise<void> {
    await this.#kubernetes.until(`run ${name} to be in the middle of its work`, async () => {
      const run = await this.get(name);
      refuseEnd(run, 'before it could be interrupted');
      return (run.status?.progress?.completed ?? 0) > 0;
    });
  }

  /** Waits until a run has failed for now and says that it tries again. */
  async untilRetrying(name: string): Promise<string> {
    return this.#kubernetes.until(`run ${name} to try again`, async () => {
      const condition = succeeded(await this.get(name));
      if (condition?.status === 'True') {
        throw new Hopeless(`Run ${name} ended with ${condition.reason}; it was not to reach its storage.`);
      }
      return condition?.reason === 'Retrying' ? condition.message : undefined;
    });
  }

  /**
   * Waits for either end of a run.
   *
   * @param app whose settings must be there; left out when they were lost again since
   * @returns how many seconds it took
   * @throws Error with the run's own words when it did not recover the app, when it counts other attempts
   *   than it had, when a key is not what it was, when it ended too early, or when it was announced as
   *   Recovered more than once
   */
  async requireRecovered(
    name: string,
    app?: DemoApp,
    { attempts = 1, after = 0, eventMayBeMissing = false }: Wanted = {},
  ): Promise<number> {
    const run = await this.#kubernetes.until(`run ${name} to end`, async () => {
      const seen = await this.get(name);
      return succeeded(seen)?.status === 'True' || refuseEnd(seen, 'without success') ? seen : undefined;
    });
    const { taskID = '', startTime = '', completionTime = '' } = run.status ?? {};
    const condition = succeeded(run);
    if (condition?.reason !== 'Recovered') {
      throw new Error(`Run ${name} ended with ${condition?.reason}: ${condition?.message}`);
    }
    const counted = run.status?.attempts ?? 0;
    if (attempts === 'several' ? counted < 2 : counted !== attempts) {
      throw new Error(`Run ${name} counts ${counted} attempts; ${attempts} would be true.`);
    }
    // Its times are whole seconds.
    if (Date.parse(completionTime) + 1_000 < after) {
      throw new Error(`Run ${name} had ended before it was disturbed, so nothing is proven.`);
    }
    if (app !== undefined) {
      await this.#settings.requireRestored(app, taskID);
    }
    const announced = await this.#announcements(name, eventMayBeMissing ? 0 : 1);
    if (announced > 1) {
      throw new Error(`Run ${name} was announced as Recovered ${announced} times.`);
    }
    return (Date.parse(completionTime) - Date.parse(startTime)) / 1_000;
  }

  /** How often events say that a run has recovered its app, once they say so `least` times. */
  #announcements(name: string, least: number): Promise<number> {
    return this.#kubernetes.until(`the event of run ${name}`, async () => {
      const all = await this.#kubernetes.list<CoreEvent>(names.app, 'events');
      const count = all
        .filter(({ involvedObject, reason }) => involvedObject.name === name && reason === 'Recovered')
        .reduce((sum, event) => sum + Math.max(event.count ?? 0, event.series?.count ?? 0, 1), 0);
      return count >= least ? count : undefined;
    });
  }
}

interface CoreEvent {
  readonly involvedObject: { readonly name: string };
  readonly reason: string;
  readonly count?: number;
  readonly series?: { readonly count: number };
}

function succeeded(run: BootstrapRecovery) {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded');
}

/** @throws Hopeless when the run has failed. */
function refuseEnd(run: BootstrapRecovery, how: string): false {
  const condition = succeeded(run);
  if (condition?.status !== 'False') {
    return false;
  }
  throw new Hopeless(`Run ${run.metadata.name} ended ${how}, with ${condition.reason}: ${condition.message}`);
}
