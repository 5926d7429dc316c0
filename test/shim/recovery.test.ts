import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs, type RunningShim, startShim } from './support/running-shim.ts';
import { ScriptedController } from './support/scripted-controller.ts';
import { tokenFor } from './support/tokens.ts';

let cluster: APIServerAccess;
beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
});
afterAll(() => cluster[Symbol.asyncDispose]());

describe('POST /tuf/v1/bootstrap/recovery', () => {
  test('creates a run that says who asked for what, and answers with its uid', async () => {
    const namespace = await cluster.createNamespace('shim');
    await using controller = new ScriptedController(cluster, namespace, () => ({
      accepted: 'RecoveryRequired',
      succeeded: 'Running',
    }));
    await using shim = await startShim(cluster, namespace);
    const response = await post(shim, { appName: 'Deleg-1', timeout: 7 });
    const body = await response.json();
    expect(response.status, shim.log()).toBe(202);
    const [run, ...others] = controller.runs;
    expect(others).toEqual([]);
    expect(run?.spec).toMatchObject({
      adminName: 'alice',
      appName: 'Deleg-1',
      timeoutSeconds: 7,
      targetRef: { name: 'default' },
      ttlSecondsAfterFinished: 604_800,
    });
    expect(body).toMatchObject({ data: { task_id: run?.metadata.uid } });
    expect(response.headers.get('location')).toBe(`/tuf/v1/task?task_id=${run?.metadata.uid}`);
    const task = await fetch(`${shim.url}${response.headers.get('location')}`, { headers: bearer() });
    expect(await task.json()).toMatchObject({ data: { task_id: run?.metadata.uid, state: 'RUNNING' } });
  });
});

const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${tokenFor('alice')}` });

async function post(shim: RunningShim, body: unknown): Promise<Response> {
  return await fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, {
    method: 'POST',
    headers: bearer(),
    body: JSON.stringify(body),
  });
}
