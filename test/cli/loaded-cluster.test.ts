import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LoadedCluster } from '../../src/cli/commands/loaded-cluster.ts';
import { loadClusterConfig } from '../../src/cli/kubectl/connection.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

const kubeconfig = (server: string): string =>
  JSON.stringify({
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    clusters: [{ name: 'here', cluster: { server } }],
    users: [{ name: 'me', user: { token: 'secret' } }],
  });

test('the API server is where the client was sent last, also while the kubeconfig is being replaced', async () => {
  await using directory = await temporaryDirectory('kubeconfig');
  const file = join(directory.path, 'config');
  await writeFile(file, kubeconfig('https://first.example:6443'));
  const cluster = new LoadedCluster(() => loadClusterConfig({ kubeconfig: file }));
  const first = { host: 'first.example', port: 6443 };
  expect(cluster.apiServer()).toEqual(first);

  await rm(file);
  expect(cluster.apiServer()).toEqual(first);
  expect(() => cluster.load()).toThrow('does not exist');
  expect(cluster.apiServer()).toEqual(first);

  await writeFile(file, kubeconfig('https://second.example'));
  expect(cluster.apiServer(), 'the client still talks to the first').toEqual(first);
  expect(cluster.load().getCurrentCluster()?.server).toBe('https://second.example');
  expect(cluster.apiServer()).toEqual({ host: 'second.example', port: 443 });
});
