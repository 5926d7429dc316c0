import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.ts';
import { runAttempt } from '../../src/recovery/run.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { intercepted, interrupted } from './fixtures/interrupted.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;
let lock: string;

beforeAll(async () => {
  site = await startSite('deleg', { users: ['user quiet on >s ~*_admin_* +@all'] });
  lock = site.world.key('RECOVERY_LOCK');
});

afterAll(() => site[Symbol.asyncDispose]());

beforeEach(async () => {
  await site.client.flushall();
});

const lost = new TransientError('RedisUnreachable', 'The connection was lost.');
const codes = (findings: readonly { readonly code: string }[]): string[] => findings.map(({ code }) => code);

describe('what was proven stays proven', () => {
  test('when the record may not be written: it is reported, the lock is free', async () => {
    const store = site.anotherStore(site.redis.url.replace('redis://', 'redis://quiet:s@'));
    const taskID = randomUUID();
    const outcome = await runAttempt(site.request({ taskID, store }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(codes(outcome.findings)).toContain('RecordNotWritten');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
    expect(await site.client.exists(lock, `task:${taskID}`)).toBe(0);
  });

  test('when Redis is gone before the record: it is reported', async () => {
    await using proxy = await startFaultProxy(site.redis);
    const store = site.anotherStore(site.redis.url.replace(String(site.redis.port), String(proxy.port)));
    const gone = interrupted(store, 'release', () => proxy.inject({ kind: 'refuse' }));
    const taskID = randomUUID();
    const outcome = await runAttempt(site.request({ taskID, store: gone }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(codes(outcome.findings)).toContain('RecordNotWritten');
    expect(await site.app.differences(site.client, taskID)).toEqual([expect.stringContaining(lock)]);
  });
});

describe('a connection that is lost between proof and record may hide a failover', () => {
  test('nothing was lost: it is proven again, then recorded', async () => {
    const taskID = randomUUID();
    const store = interrupted(site.anotherStore(), 'release', (call) => {
      if (call === 1) {
        throw lost;
      }
    });
    const outcome = await runAttempt(site.request({ taskID, store }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(outcome.state).toBe('FullLoss');
    expect(outcome.plan?.actions.some(({ kind }) => kind === 'Create')).toBe(true);
    expect(await site.client.exists(`task:${taskID}`)).toBe(1);
    expect(await site.client.exists(lock)).toBe(0);
  });

  test('the write was lost with it: it is written again', async () => {
    const taskID = randomUUID();
    const store = interrupted(site.anotherStore(), 'release', async (call) => {
      if (call > 1) {
        return;
      }
      await site.client.flushall();
      throw lost;
    });
    expect((await runAttempt(site.request({ taskID, store }))).succeeded.reason).toBe('Recovered');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });

  test('beside a marker that survived, too', async () => {
    await site.heal();
    await site.client.del(site.world.key('TARGETS_EXPIRATION'));
    const store = interrupted(site.anotherStore(), 'release', async (call) => {
      if (call > 1) {
        return;
      }
      await site.client.del(site.world.key('TARGETS_EXPIRATION'));
      throw lost;
    });
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
    expect(await site.app.differences(site.client)).toEqual([]);
  });

  test('for ever: the proof counts in the end', async () => {
    const store = interrupted(site.anotherStore(), 'release', () => {
      throw lost;
    });
    expect((await runAttempt(site.request({ store }))).succeeded.reason).toBe('Recovered');
  });
});

describe('a write whose reply is lost counts as neither done nor undone until it is read back', () => {
  test('it was done: the run finds its own marker and proves it', async () => {
    const taskID = randomUUID();
    const store = intercepted(site.anotherStore(), 'apply', async (call, proceed) => {
      const written = await proceed();
      if (call === 1) {
        throw lost;
      }
      return written;
    });
    const outcome = await runAttempt(site.request({ taskID, store }));
    expect(outcome.succeeded.reason).toBe('Recovered');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });

  test('it was not done: the run writes it', async () => {
    const taskID = randomUUID();
    const store = interrupted(site.anotherStore(), 'apply', (call) => {
      if (call === 1) {
        throw lost;
      }
    });
    expect((await runAttempt(site.request({ taskID, store }))).succeeded.reason).toBe('Recovered');
    expect(await site.app.differences(site.client, taskID)).toEqual([]);
  });

  test('again and again: the attempt is left to the next one, with its lock free', async () => {
    const store = interrupted(site.anotherStore(), 'apply', () => {
      throw lost;
    });
    const outcome = await runAttempt(site.request({ store }));
    expect(outcome).toMatchObject({ succeeded: { reason: 'Retrying' }, retry: 'backoff' });
    expect(await site.client.keys('*')).toEqual([]);
  });
});

test('a lock that cannot be freed at the end is reported and expires', async () => {
  const controller = new AbortController();
  const cancelling = intercepted(site.anotherStore(), 'lock', async (_, proceed) => {
    const taken = await proceed();
    controller.abort(new Error('cancelled'));
    return taken;
  });
  const store = interrupted(cancelling, 'release', () => {
    throw lost;
  });
  const outcome = await runAttempt(site.request({ store, signal: controller.signal }));
  expect(outcome.succeeded.reason).toBe('Cancelled');
  expect(codes(outcome.findings)).toContain('LockNotReleased');
  expect(await site.client.pttl(lock)).toBeGreaterThan(0);
});

test('what was written but does not read back is no success', async () => {
  // Another writer that undoes one key at once, every time: the read-back never holds it.
  const key = site.world.key('SNAPSHOT_EXPIRATION');
  const store = intercepted(site.anotherStore(), 'apply', async (_, proceed) => {
    const written = await proceed();
    await site.client.del(key);
    const values = new Map(written.values).set(key, { kind: 'absent' });
    return { ...written, values };
  });
  const outcome = await runAttempt(site.request({ store }));
  expect(outcome.succeeded).toMatchObject({
    reason: 'PostVerificationFailed',
    message: expect.stringContaining(key),
  });
  expect(outcome.stateVerified.reason).not.toBe('Consistent');
});
