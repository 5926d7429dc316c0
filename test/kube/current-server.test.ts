import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadClusterConfig } from '../../src/cli/kubectl/connection.ts';
import { Credentials } from '../../src/kube/client/credentials.ts';
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
  const credentials = new Credentials(() => loadClusterConfig({ kubeconfig: file }));
  const refused = await credentials.access();
  expect(credentials.server).toBe('https://first.example:6443');

  await rm(file);
  expect(credentials.server).toBe('https://first.example:6443');
  expect(() => credentials.renew(refused)).toThrow('does not exist');
  expect(credentials.server).toBe('https://first.example:6443');

  await writeFile(file, kubeconfig('https://second.example/'));
  expect(credentials.server, 'the client still talks to the first').toBe('https://first.example:6443');
  credentials.renew(refused);
  expect(credentials.server).toBe('https://second.example');
  await credentials.close();
});
