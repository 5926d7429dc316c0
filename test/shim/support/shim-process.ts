import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIServerAccess } from '../../harness/apiserver-access.ts';
import { LAUNCHER } from '../../harness/launcher.ts';
import { poll } from '../../harness/poll.ts';
import { type RunningProcess, startProcess } from '../../harness/process.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { shimToken } from './running-shim.ts';
import { SECRET } from './tokens.ts';

/** A shim in a process of its own, as users run it. */
export interface ShimProcess extends AsyncDisposable {
  readonly process: RunningProcess;
  readonly url: string;
  /** Where the secret of the tests is read from. */
  readonly secretFile: string;
}

/** How the shim of a process differs from the usual one. */
export interface ShimProcessOptions {
  /** Whose tokens it takes: those signed with the secret of the tests, or what the arguments say. */
  readonly keys?: 'secret' | 'arguments';
  /** Whether to wait until it is ready; true when absent. */
  readonly ready?: boolean;
}

/**
 * Starts `tuf-recovery shim` for one namespace and waits until it is ready. The secret comes from a file, as
 * in a pod.
 */
export async function startShimProcess(
  cluster: APIServerAccess,
  namespace: string,
  args: readonly string[],
  { keys = 'secret', ready = true }: ShimProcessOptions = {},
): Promise<ShimProcess> {
  const directory = await temporaryDirectory('shim');
  const secretFile = join(directory.path, 'JWT_SECRET');
  await writeFile(secretFile, `${SECRET}\n`);
  const kubeconfig = await cluster.kubeconfigFile({ token: await shimToken(cluster, namespace), namespace });
  const process = await startProcess({
    name: 'shim',
    command: LAUNCHER,
    args: [
      ...['shim', `--kubeconfig=${kubeconfig}`],
      ...(keys === 'secret' ? [`--jwt-secret-file=${secretFile}`] : []),
      ...['--address=127.0.0.1:0', '--metrics-address=127.0.0.1:0', '--drain-delay=0', '--shutdown-grace=3'],
      ...args,
    ],
    env: { KUBECONFIG: undefined, JWT_SECRET: undefined },
  });
  const ended = new AbortController();
  void process.exited.then(async () => ended.abort(new Error(`the shim ended:\n${await process.log()}`)));
  const { signal } = ended;
  const port = await poll(
    'the shim to report its port',
    async () => /"port":(\d+).*the shim is listening/.exec(await process.log())?.[1],
    { signal },
  );
  const url = `http://127.0.0.1:${port}`;
  if (ready) {
    await poll('the shim to be ready', async () => (await fetch(`${url}/readyz`)).ok, { signal });
  }
  return {
    process,
    url,
    secretFile,
    [Symbol.asyncDispose]: async () => {
      await process[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}
