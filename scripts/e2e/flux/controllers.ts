import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIServer } from '../../../test/harness/apiserver.ts';
import { type Asset, asset } from '../../../test/harness/assets.ts';
import { freePort } from '../../../test/harness/free-port.ts';
import { type RunningProcess, startProcess } from '../../../test/harness/process.ts';
import { execute } from '../../demo/execute.ts';

/** The namespace that examples/gitops/flux expects Flux in. */
export const fluxNamespace = 'flux-system';

/** Flux' source-controller and kustomize-controller as processes beside an API server. */
export interface Flux extends AsyncDisposable {
  /** The end of their logs. */
  log(): Promise<string>;
}

/** @param directory for the artifacts of sources */
export async function startFlux(cluster: APIServer, directory: string): Promise<Flux> {
  const stack = new AsyncDisposableStack();
  const kubeconfig = await cluster.kubeconfigFile();
  const names = ['source-controller', 'kustomize-controller'] as const;
  for (const name of names) {
    await cluster.apply(await customResourceDefinitions(name));
  }
  await cluster.kubectl(['create', 'namespace', fluxNamespace]);
  const storage = `127.0.0.1:${await freePort()}`;
  const flags: Readonly<Record<(typeof names)[number], readonly string[]>> = {
    'source-controller': [
      ...[`--storage-path=${directory}`, `--storage-addr=${storage}`, `--storage-adv-addr=${storage}`],
    ],
    // Nothing it waits for depends on anything else.
    'kustomize-controller': ['--requeue-dependency=1s'],
  };
  const processes: RunningProcess[] = [];
  for (const name of names) {
    const health = `127.0.0.1:${await freePort()}`;
    const started = await startProcess({
      name,
      command: asset(name satisfies Asset),
      args: [
        ...flags[name],
        ...[`--health-addr=${health}`, '--metrics-addr=0', '--events-addr='],
        ...['--enable-leader-election=false', '--log-level=info'],
      ],
      env: { KUBECONFIG: kubeconfig, RUNTIME_NAMESPACE: fluxNamespace },
      ready: async () => (await fetch(`http://${health}/readyz`)).ok,
    });
    processes.push(stack.use(started));
  }
  return {
    log: async () => {
      const logs = await Promise.all(processes.map((each) => each.log()));
      return logs.map((log) => log.split('\n').slice(-20).join('\n')).join('\n');
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** They lie in the module of their controller. */
async function customResourceDefinitions(controller: string): Promise<string> {
  const module = JSON.parse(
    await execute('go', [
      ...['-C', 'test/substrate/flux', 'list', '-mod=readonly', '-m', '-json'],
      `github.com/fluxcd/${controller}`,
    ]),
  ) as { readonly Dir: string };
  const directory = join(module.Dir, 'config/crd/bases');
  const files = await readdir(directory);
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts.join('\n---\n');
}
