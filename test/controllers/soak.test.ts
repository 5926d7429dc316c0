import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findCondition } from '../../src/api/condition.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { inAYear, Repository } from '../tuf/generator/repository.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, startInstallation } from './support/installation.ts';
import { type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy, type TestPolicy } from './support/policies.ts';

/** One line of a trace. */
interface TraceEvent {
  readonly type: 'trace' | 'redis' | 's3' | 'http';
  readonly ms?: number;
  readonly cmd?: string;
  readonly args?: readonly (string | object)[];
  /** Of the first line. */
  readonly app?: string;
}

const folder = fileURLToPath(new URL('../../../shared/data/golden/traces/', import.meta.url));
const admin = 'alice';
const app = { admin, app: 'soak' };
/** Begin from a loss or end in one: the server then repairs it itself, within moments. */
const lossy = /killed|failed|own-recovery/;
const operations = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => name.replace('.jsonl', ''));
/** Only what writes: a script's own commands are recorded one by one. */
const replayed = /^(set|mset|del|expire|pexpire|rename|setex|psetex|setnx|getdel|persist)$/i;

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation([]);
  const repository = new Repository({
    seed: 'soak',
    delegations: [{ name: 'Beta-Channel' }, { name: 'default' }],
    expires: inAYear(new Date()),
  });
  await installation.s3.put(
    installation.bucket,
    [...repository.seal()].map(([name, body]) => ({ key: `tuf_metadata/${admin}/soak/${name}`, body })),
  );
  const redis = await installation.redis.client();
  // May read and write what the documentation says, and not have changes reported: what a policy does then is
  // poll.
  await redis.acl('SETUSER', 'polling', 'on', '>polling', '~*', '+@all', '-client|tracking', '&*');
  const redisSpec = (username: string, name: string) => ({
    redis: {
      address: `${installation.redis.host}:${installation.redis.port}`,
      username,
      passwordSecretRef: { name, key: 'password' },
    },
    trust: { onFirstUse: true },
  });
  await namespace.apply(
    ...installation.secrets,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'polling' }, stringData: { password: 'polling' } },
    installation.target('immediate', redisSpec('default', 'redis')),
    installation.target('polling', redisSpec('polling', 'polling')),
  );
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

/** The events of an operation, for our app. */
function trace(operation: string): readonly TraceEvent[] {
  const lines = readFileSync(`${folder}${operation}.jsonl`, 'utf8').trim().split('\n');
  // The recording is ours and fixed.
  const [head] = lines.map((line) => JSON.parse(line) as TraceEvent);
  return lines
    .slice(1)
    .map((line) => JSON.parse(line.replaceAll(head?.app ?? 'no app', app.app)) as TraceEvent)
    .filter(({ type, cmd }) => type === 'redis' && replayed.test(cmd ?? ''));
}

/** Sends what the server sent, when it sent it; what was too long for the recording is left out. */
async function replay(redis: Redis, events: readonly TraceEvent[]): Promise<void> {
  const started = performance.now();
  for (const { cmd = '', args = [], ms = 0 } of events) {
    await delay(Math.max(0, ms - (performance.now() - started)));
    const texts = args.map((arg) => (typeof arg === 'string' ? arg : 'left out'));
    await redis.call(cmd, ...texts);
  }
}

async function contents(redis: Redis): Promise<readonly (readonly [string, string])[]> {
  const keys = await redis.keys(`*_${admin}_${app.app}`);
  return Promise.all(keys.map(async (key) => [key, (await redis.get(key)) ?? ''] as const));
}

async function losses(policy: string): Promise<number> {
  const line = (await controller.metrics())
    .split('\n')
    .find(
      (each) =>
        each.startsWith('bootstrap_recovery_policy_losses_total') && each.includes(`policy="${policy}"`),
    );
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}

describe.each(['immediate', 'polling'])('what the server writes is no loss (%s)', (target) => {
  let policy: TestPolicy;
  let healthy: readonly (readonly [string, string])[];
  let redis: Redis;

  beforeAll(async () => {
    redis = await installation.redis.client();
    await redis.flushall();
    await replay(redis, trace('bootstrap'));
    healthy = await contents(redis);
    policy = await createPolicy(namespace, target, app, {
      targetRef: { name: target },
      action: 'Recover',
      stabilizationSeconds: 5,
    });
    await policy.untilApp('to be healthy', ({ status }) => status.state === 'Healthy');
  });

  afterAll(() => namespace.kubectl('delete', 'rp', target));

  test(`0 losses and 0 runs over ${operations.length} recorded operations`, async () => {
    expect(healthy.length).toBeGreaterThan(14);
    for (const operation of operations) {
      const before = await losses(target);
      await replay(redis, trace(operation));
      if (!lossy.test(operation)) {
        await delay(300);
        expect([operation, await losses(target)]).toEqual([operation, before]);
      }
      // As it was: the next operation starts from a healthy app.
      const now = await contents(redis);
      const gone = now.map(([key]) => key).filter((key) => !healthy.some(([known]) => known === key));
      if (gone.length > 0) {
        await redis.del(...gone);
      }
      await redis.mset(...healthy.flat());
    }
    const seen = await policy.untilApp(
      'to be healthy',
      ({ status }) => findCondition(status.conditions, 'Healthy')?.status === 'True',
    );
    expect(seen.status.recoveries ?? []).toEqual([]);
    expect(await policy.runs()).toEqual([]);
  });
});
