import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import {
  NotOwnedError,
  ownedName,
  writeOwnedConfigMap,
} from '../../../src/controllers/status/owned-config-map.ts';
import type { APIClient } from '../../../src/kube/client/api-client.ts';
import { namespaceClient } from '../support/api-client.ts';
import type { TestNamespace } from '../support/namespace.ts';

let namespace: TestNamespace;
let client: APIClient;

beforeAll(async () => {
  ({ namespace, client } = await namespaceClient());
});

afterAll(() => client?.close());

async function write(owner: BootstrapRecovery, text: string): Promise<string> {
  const name = ownedName(owner, 'report');
  await writeOwnedConfigMap(client, owner, { name, labels: {}, data: { 'report.json': text } });
  return name;
}

async function dataOf(name: string): Promise<unknown> {
  return JSON.parse(await namespace.kubectl('get', 'configmap', name, '--output=jsonpath={.data}'));
}

describe('a ConfigMap beside an object', () => {
  test('is written, and written again, and goes with its owner', async () => {
    const owner = await namespace.run(await namespace.start('mine', { adminName: 'alice', appName: 'tuf' }));
    const name = await write(owner, 'first');
    expect(await write(owner, 'second')).toBe(name);
    expect(await dataOf(name)).toEqual({ 'report.json': 'second' });
    expect(name).toContain(owner.metadata.uid.slice(0, 8));
  });

  test('never takes over a ConfigMap of another owner, even under the very name', async () => {
    const owner = await namespace.run(
      await namespace.start('nightly', { adminName: 'alice', appName: 'tuf' }),
    );
    const name = ownedName(owner, 'report');
    for (const foreign of ['nightly-report', name]) {
      await namespace.kubectl('create', 'configmap', foreign, '--from-literal=precious=data');
    }
    await expect(write(owner, 'report')).rejects.toThrow(NotOwnedError);
    for (const foreign of ['nightly-report', name]) {
      expect(await dataOf(foreign)).toEqual({ precious: 'data' });
    }
  });

  test('an immutable one in the way is an error of its own, and nothing else', async () => {
    const owner = await namespace.run(
      await namespace.start('blocked', { adminName: 'alice', appName: 'tuf' }),
    );
    await namespace.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ownedName(owner, 'report') },
      immutable: true,
    });
    await expect(write(owner, 'report')).rejects.toThrow(/is not owned by this object/);
  });

  test('a namesake of the owner does not take over what the former one left', async () => {
    const former = await namespace.run(
      await namespace.start('again', { adminName: 'alice', appName: 'tuf' }),
    );
    await namespace.kubectl('delete', 'bsr', 'again', '--wait=true');
    const present = await namespace.run(
      await namespace.start('again', { adminName: 'alice', appName: 'tuf' }),
    );
    expect(ownedName(present, 'report')).not.toBe(ownedName(former, 'report'));
  });
});
