import { type JSONLine, jsonLines } from '../../harness/json-lines.ts';
import { LAUNCHER } from '../../harness/launcher.ts';
import { poll } from '../../harness/poll.ts';
import { type RunningProcess, startProcess } from '../../harness/process.ts';
import type { TestNamespace } from './namespace.ts';

/** A controller in a process of its own, as users run it. */
export interface ControllerProcess extends AsyncDisposable {
  readonly process: RunningProcess;
  /** The text of /metrics. */
  metrics(): Promise<string>;
  /** The status and body of a probe. */
  probe(path: 'readyz' | 'healthz'): Promise<{ readonly status: number; readonly body: string }>;
  /** Its log so far, one object a line. */
  log(): Promise<readonly JSONLine[]>;
}

/** How to start a controller, beyond the namespace. */
export interface ControllerProcessOptions {
  readonly args?: readonly string[];
  /** Another URL of the API server, for example a proxy's. */
  readonly server?: string;
  readonly kubeconfig?: string;
  /** Variables beside those of the tests. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether it acts only while it holds a Lease. A controller that was starved of CPU loses it and ends, as
   * it must, and here is no kubelet to start it again: only tests about replicas and hand-over ask for it.
   */
  readonly leaderElection?: boolean;
  /** False: do not wait until it is ready. */
  readonly ready?: boolean;
  /** What to run instead of the launcher: a command and its first arguments. */
  readonly program?: readonly [command: string, ...args: readonly string[]];
}

/** Starts a controller for one namespace, with the rights of fixtures/role.yaml. */
export async function startController(
  namespace: TestNamespace,
  {
    args = [],
    server,
    kubeconfig,
    leaderElection = false,
    ready = true,
    env = {},
    program: [command, ...first] = [LAUNCHER],
  }: ControllerProcessOptions = {},
): Promise<ControllerProcess> {
  const file = kubeconfig ?? (await namespace.controllerKubeconfig(server));
  const running = await startProcess({
    name: 'controller',
    command,
    args: [
      ...[...first, 'controller', `--kubeconfig=${file}`, `--namespaces=${namespace.name}`],
      ...['--health-address=127.0.0.1:0', '--metrics-address=127.0.0.1:0', '--shutdown-grace=5'],
      ...(leaderElection ? [] : ['--no-leader-elect']),
      ...args,
    ],
    env: { KUBECONFIG: undefined, ...env },
  });
  const log: ControllerProcess['log'] = async () => jsonLines(await running.log());
  const ended = new AbortController();
  void running.exited.then(async () => {
    ended.abort(new Error(`the controller ended:\n${await running.log()}`));
  });
  const ports = await poll(
    'the controller to report its ports',
    async () => (await log()).find(({ msg }) => msg === 'starting'),
    { signal: ended.signal },
  );
  const probe: ControllerProcess['probe'] = async (path) => {
    const response = await fetch(`http://127.0.0.1:${ports['healthPort']}/${path}`);
    return { status: response.status, body: await response.text() };
  };
  if (ready) {
    await poll('the controller to be ready', async () => (await probe('readyz')).status === 200, {
      signal: ended.signal,
    });
  }
  return {
    process: running,
    log,
    probe,
    metrics: async () => (await fetch(`http://127.0.0.1:${ports['metricsPort']}/metrics`)).text(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
