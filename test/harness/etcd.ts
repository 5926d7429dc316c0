import { asset } from './assets.ts';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';

/** Starts an etcd of one member that clients reach at `http://127.0.0.1:PORT`. */
export async function startEtcd(port: number, dataDirectory: string): Promise<RunningProcess> {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  return startProcess({
    name: 'etcd',
    command: asset('etcd'),
    args: [
      ...['--name=test', `--data-dir=${dataDirectory}`, `--initial-cluster=test=${peer}`],
      ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
      ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
      // These data need not survive a power failure.
      ...['--unsafe-no-fsync', '--log-level=warn'],
    ],
    ready: async () => (await fetch(`${client}/health`)).ok,
  });
}
