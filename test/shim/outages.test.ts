import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recoveryResource } from '../../src/shim/runs/run-cache.ts';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs, type RunningShim, startShim } from './support/running-shim.ts';
import { ScriptedController } from './support/scripted-controller.ts';
import { tokenFor } from './support/tokens.ts';

const running = { accepted: 'RecoveryRequired', succeeded: 'Running' } as const;

let cluster: APIServerAccess;
let namespace: string;
beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
  namespace = await cluster.createNamespace('outages');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const headers = (): Record<string, string> => ({ Authorization: `Bearer ${tokenFor('alice')}` });

async function post(shim: RunningShim, appName: string): Promise<Response> {
  const body = JSON.stringify({ appName });
  return await fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, { method: 'POST', headers: headers(), body });
}

async function stateOf(shim: RunningShim, response: Response): Promise<string> {
  const { data } = (await response.clone().json()) as { data: { task_id: string } };
  const task = await fetch(`${shim.url}/tuf/v1/task?task_id=${data.task_id}`, { headers: headers() });
  return ((await task.json()) as { data: { state: string } }).data.state;
}

/** A proxy in front of the API server, and its URL. */
async function apiServerProxy() {
  const { hostname, port } = new URL(cluster.address.url);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  return Object.assign(proxy, { url: `https://127.0.0.1:${proxy.port}` });
}

describe('while the controller is away', () => {
  test('a recovery is accepted all the same, and is done when the controller comes back', async () => {
    await using shim = await startShim(cluster, namespace, { decisionTimeoutMs: 300 });
    const response = await post(shim, 'unattended');
    expect(response.status).toBe(202);
    expect(await stateOf(shim, response)).toBe('PENDING');
    await using controller = new ScriptedController(cluster, namespace, (run) =>
      run.spec.appName === 'unattended' ? { ...running, succeeded: 'Recovered' } : undefined,
    );
    await poll('the task to be done', async () => (await stateOf(shim, response)) === 'SUCCESS');
    expect(controller.runs.length).toBeGreaterThan(0);
    expect(await (await fetch(shim.metricsURL)).text()).toContain(
      'bootstrap_recovery_shim_undecided_total 1',
    );
  });
});

describe('while the API server is away', () => {
  test('a recovery is answered 503 with Retry-After, tasks are answered as last seen, and all is well when it is back', async () => {
    await using proxy = await apiServerProxy();
    await using controller = new ScriptedController(cluster, namespace, () => running);
    await using shim = await startShim(cluster, namespace, { server: proxy.url });
    const before = await post(shim, 'outage-before');
    await poll('the task to be seen', async () => (await stateOf(shim, before)) === 'RUNNING');
    await proxy.inject({ kind: 'refuse' });
    const during = await post(shim, 'outage-during');
    expect(during.status).toBe(503);
    expect(Number(during.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await during.json()).toMatchObject({
      error: 'Recovery could not be recorded: the Kubernetes API is not available; try again',
    });
    expect(await stateOf(shim, before)).toBe('RUNNING');
    expect((await fetch(`${shim.url}/readyz`)).status).toBe(200);
    const lines = shim
      .log()
      .split('\n')
      .filter((line) => line.includes('"req":'));
    expect(lines.some((line) => line.includes('"statusCode":503'))).toBe(true);
    expect(lines.filter((line) => /\.ts:\d+|node_modules|"stack"/.test(line))).toEqual([]);
    await proxy.heal();
    const after = await post(shim, 'outage-after');
    expect(after.status).toBe(202);
    expect(controller.runs.map(({ spec }) => spec.appName)).not.toContain('outage-during');
  });

  test('a decision is found although the watch has fallen silent', async () => {
    await using proxy = await apiServerProxy();
    await using controller = new ScriptedController(cluster, namespace, () => undefined);
    await using shim = await startShim(cluster, namespace, { server: proxy.url });
    // The watch is cut now and again, and its next try is up to half a minute away; new connections work.
    await proxy.inject({ kind: 'refuse' });
    await poll(
      'the watch to be lost',
      () => shim.log().includes('ConnectionError') || shim.log().includes('ECONNREFUSED'),
    );
    await proxy.heal();
    const answer = post(shim, 'silent-watch');
    const run = await poll('the run', () =>
      controller.runs.find(({ spec }) => spec.appName === 'silent-watch'),
    );
    await controller.say(run, { accepted: 'NotRequired', succeeded: 'AlreadyConsistent' });
    expect((await answer).status).toBe(409);
  });

  test('an answer that gets lost on the way does not make a second run', async () => {
    await using proxy = await apiServerProxy();
    await using controller = new ScriptedController(cluster, namespace, () => running);
    await using shim = await startShim(cluster, namespace, { server: proxy.url });
    // The request arrives, the answer does not.
    proxy.injectNext(1, { kind: 'reset', afterBytes: 2_500, direction: 'toClient' });
    const response = await post(shim, 'lost-answer');
    expect([202, 503]).toContain(response.status);
    await poll('a run', () => controller.runs.some(({ spec }) => spec.appName === 'lost-answer'));
    expect(controller.runs.filter(({ spec }) => spec.appName === 'lost-answer')).toHaveLength(1);
  });

  test('a shim that has never reached it is not ready, and says so', async () => {
    await using proxy = await apiServerProxy();
    await proxy.inject({ kind: 'refuse' });
    await using shim = await startShim(cluster, namespace, { server: proxy.url, unready: true });
    const ready = await fetch(`${shim.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'runs are not listed yet' },
    ]);
    expect((await fetch(`${shim.url}/healthz`)).status).toBe(200);
    for (const response of [
      await post(shim, 'early'),
      await fetch(`${shim.url}/tuf/v1/task?task_id=x`, { headers: headers() }),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
    }
    await proxy.heal();
    await poll('the shim to be ready', async () => (await fetch(`${shim.url}/readyz`)).ok);
  });
});

test('a run that is deleted while its decision is awaited is not promised', async () => {
  await using controller = new ScriptedController(cluster, namespace, () => undefined);
  await using shim = await startShim(cluster, namespace);
  const answer = post(shim, 'deleted');
  const run = await poll('the run', () => controller.runs.find(({ spec }) => spec.appName === 'deleted'));
  await controller.client.delete(recoveryResource, run.metadata);
  expect((await answer).status).toBe(503);
});

test('a client that hangs up is not waited for, and counted as such', async () => {
  await using shim = await startShim(cluster, namespace);
  const client = new AbortController();
  const body = '{"appName":"hung-up"}';
  const init = { method: 'POST', headers: headers(), body, signal: client.signal };
  const answer = fetch(`${shim.url}/tuf/v1/bootstrap/recovery`, init);
  const metrics = async (): Promise<string> => await (await fetch(shim.metricsURL)).text();
  await poll('the request to be under way', async () => (await metrics()).includes('requests_in_flight 1'));
  client.abort();
  await expect(answer).rejects.toThrow();
  await poll('it to be over', async () => (await metrics()).includes('code="aborted"} 1'));
  expect(shim.log()).toContain('the client hung up before the answer');
});

describe('limits', () => {
  test('an admin who asks for too much learns when to come back; others are not affected', async () => {
    await using controller = new ScriptedController(cluster, namespace, () => running);
    await using shim = await startShim(cluster, namespace, { rateLimit: { perMinute: 12 } });
    expect((await post(shim, 'limited')).status).toBe(202);
    const second = await post(shim, 'limited');
    expect(second.status).toBe(429);
    expect(await second.json()).toMatchObject({ error: 'too many requests for this admin; slow down' });
    // A recovery costs 10, 2 or a little more are left, and 12 come back in a minute.
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(20);
    const bob = { Authorization: `Bearer ${tokenFor('bob')}` };
    expect((await fetch(`${shim.url}/tuf/v1/task?task_id=x`, { headers: bob })).status).toBe(200);
    expect(controller.runs.filter(({ spec }) => spec.appName === 'limited')).toHaveLength(1);
  });
});

describe('shutting down', () => {
  test('every waiting request gets an answer, no connection is cut off, and no new one is accepted', async () => {
    const shim = await startShim(cluster, namespace, { drainDelayMs: 2_000 });
    const waiting = post(shim, 'draining');
    await poll('the request to be under way', async () =>
      (await (await fetch(shim.metricsURL)).text()).includes('bootstrap_recovery_shim_requests_in_flight 1'),
    );
    const idle = connect(shim.port, '127.0.0.1');
    const closed = new Promise((resolve) => idle.once('close', resolve));
    idle.resume();
    const stopped = shim[Symbol.asyncDispose]();
    // Not ready at once, but still serving clients that have not noticed.
    const ready = await fetch(`${shim.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'not ready', reason: 'shutting down' },
    ]);
    expect((await fetch(`${shim.url}/tuf/v1/task?task_id=x`, { headers: headers() })).status).toBe(200);
    const response = await waiting;
    expect(response.status).toBe(202);
    await stopped;
    await closed;
    await expect(fetch(`${shim.url}/healthz`)).rejects.toThrow();
    expect(shim.log()).toContain('shut down');
  });

  test('a client that never ends its request is cut off when the grace is over', async () => {
    const shim = await startShim(cluster, namespace, {
      drainGraceMs: 200,
      limits: { headersMs: 60_000, requestMs: 60_000 },
    });
    const stuck = connect(shim.port, '127.0.0.1');
    const closed = new Promise((resolve) => stuck.once('close', resolve));
    stuck.on('error', () => undefined);
    stuck.write('POST /tuf/v1/bootstrap/recovery HTTP/1.1\r\nHost: x\r\n');
    await shim[Symbol.asyncDispose]();
    await closed;
  });
});
