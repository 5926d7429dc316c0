import { Kubernetes } from './kubernetes.ts';
import { names } from './names.ts';
import type { Provider } from './provider.ts';
import { Report } from './report.ts';
import { runScenario } from './scenario.ts';

/** The options of both end-to-end commands. */
export interface Flags {
  /** The core of the scenario only. */
  readonly quick: boolean;
  /** Leaves the cluster as it is, with the scenario's things in it. */
  readonly keep: boolean;
}

/**
 * Starts a cluster, runs the scenario on it and tells how it went.
 *
 * @param command for messages: `e2e:node`
 * @param start makes the cluster
 * @param keep waits or returns while the cluster is kept
 * @returns the exit code
 */
export async function perform(
  command: string,
  { quick, keep }: Flags,
  start: (report: Report) => Promise<Provider & AsyncDisposable>,
  onKeep: (provider: Provider) => Promise<void>,
): Promise<number> {
  const report = new Report();
  const stack = new AsyncDisposableStack();
  let provider: (Provider & AsyncDisposable) | undefined;
  let failure: unknown;
  try {
    provider = await start(report);
    if (!keep) {
      stack.use(provider);
    }
    console.log(`The cluster's kubeconfig: ${provider.kubeconfig}`);
    await runScenario(provider, report, quick);
  } catch (error) {
    failure = error;
    console.error(error instanceof Error ? error.message : error);
    if (provider !== undefined) {
      console.error(await diagnosis(provider));
    }
  }
  console.log(`\n${report.table()}\n`);
  if (keep && provider !== undefined) {
    console.log(
      `The cluster is kept. Look around:\n${provider.howToLook.map((line) => `  ${line}`).join('\n')}`,
    );
    await onKeep(provider);
  }
  await stack.disposeAsync();
  console.log(`${command} ${failure === undefined ? 'passed' : 'failed'}`);
  return failure === undefined ? 0 : 1;
}

/** What a person looks at first when something went wrong. Never rejects. */
async function diagnosis(provider: Provider): Promise<string> {
  const kubernetes = new Kubernetes(provider);
  const looks = [
    ['get', 'nodes,pods', '--all-namespaces', '--output=wide'],
    ['get', 'events', '--all-namespaces', '--sort-by=.lastTimestamp'],
    ['get', 'bsr,rt,rp', '--all-namespaces', '--output=yaml'],
    [
      ...['logs', `--namespace=${names.operator}`, '--tail=60', '--prefix'],
      `--selector=app.kubernetes.io/instance=${names.release}`,
    ],
  ];
  const seen = await Promise.allSettled(looks.map((args) => kubernetes.kubectl(args)));
  const lines = seen.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason)));
  return [...lines, await provider.diagnosis()].join('\n');
}
