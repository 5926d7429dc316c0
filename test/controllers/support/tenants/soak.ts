import { APIClient } from '../../../../src/kube/client/api-client.ts';
import type { APIServerAccess } from '../../../harness/apiserver-access.ts';
import { poll } from '../../../harness/poll.ts';
import type { ShippedProgram } from '../../../harness/shipped-program.ts';
import { observed } from '../../../kube/fixtures/observed.ts';
import { SeededRandom } from '../../../tuf/generator/random.ts';
import { type ControllerProcess, startController } from '../controller-process.ts';
import { testNamespace } from '../namespace.ts';
import { type CalmTenant, startCalmTenant } from './calm-tenant.ts';
import { type HostileOptions, type HostileTenant, startHostileTenant } from './hostile-tenant.ts';

/** Tenants that share one controller. */
export interface Soak extends AsyncDisposable {
  readonly controller: ControllerProcess;
  readonly calm: readonly CalmTenant[];
  readonly random: SeededRandom;
  startHostile(options: Omit<HostileOptions, 'random'>): Promise<HostileTenant>;
  /** Deletes all that the hostile tenant has left behind. */
  removeHostile(): Promise<void>;
  /** What the controller says about itself that must never be: an end, a panic, an uncaught error. */
  faults(): Promise<readonly string[]>;
}

/** What to start. */
export interface SoakOptions {
  readonly seed: string;
  /** Apps of each of the two well-behaved tenants. */
  readonly apps: number;
  /** What to run instead of the sources. */
  readonly shipped?: ShippedProgram;
}

/** Starts one controller for three namespaces, and two tenants that do nothing wrong. */
export async function startSoak(
  cluster: APIServerAccess,
  { seed, apps, shipped }: SoakOptions,
): Promise<Soak> {
  const random = new SeededRandom(seed);
  const client = new APIClient({
    loadConfig: () => cluster.kubeConfig(),
    userAgent: 'soak',
    metrics: observed().metrics,
  });
  const [first, second, third] = [
    await testNamespace(cluster, 'calm'),
    await testNamespace(cluster, 'calm'),
    await testNamespace(cluster, 'hostile'),
  ];
  const kubeconfig = await first.controllerKubeconfig();
  for (const namespace of [second, third]) {
    await namespace.allowController(first.name);
  }
  const controller = await startController(first, {
    kubeconfig,
    // The later flag counts.
    args: [`--namespaces=${first.name},${second.name},${third.name}`],
    ...shipped,
  });
  const calm = [await startCalmTenant(client, first, apps), await startCalmTenant(client, second, apps)];
  return {
    controller,
    calm,
    random,
    startHostile: (options) =>
      startHostileTenant(client, third, { ...options, random: random.fork('hostile') }),
    async removeHostile() {
      // The API server of the tests empties no namespaces.
      await third.kubectl('delete', 'rp,rt,bst,bsr', '--all', '--wait=false');
      // kubectl itself would ask for each of them, a few in a second.
      await poll(
        'all that the hostile tenant has left behind to be gone',
        async () => (await third.kubectl('get', 'rp,rt,bst,bsr', '--output=name')) === '',
        { timeoutMs: 300_000, intervalMs: 1_000 },
      );
    },
    async faults() {
      const lines = await controller.log();
      const fatal = lines.filter(
        ({ level, msg }) => level === 'fatal' || String(msg).includes('was not handled'),
      );
      const panics = (await controller.metrics())
        .split('\n')
        .filter((line) => /^controller_runtime_reconcile_panics_total.* [1-9]/.test(line));
      return [...fatal.map((line) => JSON.stringify(line)), ...panics];
    },
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]();
      for (const tenant of calm) {
        await tenant[Symbol.asyncDispose]();
      }
      await client.close();
    },
  };
}
