import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAttempt } from '../../src/recovery/run.ts';
import { type Site, startSite } from './fixtures/site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});

afterAll(() => site[Symbol.asyncDispose]());

/** Every key that Redis was asked for by anything a run sent, scripts included. */
async function keysAskedFor(
  work: () => Promise<unknown>,
): Promise<{ readonly read: Set<string>; readonly written: Set<string> }> {
  const monitor = await (await site.redis.client()).monitor();
  const read = new Set<string>();
  const written = new Set<string>();
  const writes = new Set(['set', 'mset', 'del', 'persist', 'pexpire']);
  let done = false;
  monitor.on('monitor', (_time: string, [command = '', ...args]: readonly string[], source: string) => {
    if (command.toLowerCase() === 'ping') {
      done = true;
    }
    // What a script does is reported with the source `lua`, command by command.
    const fromScript = source === 'lua';
    const name = command.toLowerCase();
    // SCAN asks for names, not for what they hold.
    if ((!fromScript && name !== 'set') || name === 'scan') {
      return;
    }
    const keys =
      name === 'mset' ? args.filter((_, i) => i % 2 === 0) : name === 'mget' ? args : args.slice(0, 1);
    for (const key of keys) {
      (writes.has(name) ? written : read).add(key);
    }
  });
  await work();
  await site.client.ping();
  await expect.poll(() => done).toBe(true);
  monitor.disconnect();
  return { read, written };
}

describe('a run asks for the keys of its app, for task records, which carry no app, and for nothing else', () => {
  test('beside other tenants, ceremonies, caches and locks', async () => {
    await site.client.flushall();
    await site.client.mset(
      'BOOTSTRAP_admin_other',
      'x',
      'BOOTSTRAP_admin_deleg2',
      'x',
      'cache:deleg',
      'x',
      'LOCK_SNAPSHOT_admin_deleg',
      'x',
    );
    await site.client.set(site.world.key('TARGETS_SIGNING'), '{"signed":{}}');
    await site.client.set('task:other', '{"state":"SUCCESS"}');
    const before = await site.client.dump('BOOTSTRAP_admin_other');
    const request = site.request();
    const { read, written } = await keysAskedFor(() => runAttempt(request));

    const own = (key: string): boolean => key.endsWith('_admin_deleg') || key === 'task:other';
    expect([...read].filter((key) => !own(key))).toEqual([]);
    expect([...written].filter((key) => !own(key))).toEqual([`task:${request.taskID}`]);
    expect([...read, ...written]).not.toContain('LOCK_SNAPSHOT_admin_deleg');
    expect([...written].filter((key) => /(?<!ROOT)_SIGNING/.test(key))).toEqual([]);
    expect(await site.client.dump('BOOTSTRAP_admin_other')).toEqual(before);
  });

  test('a healthy app is only read', async () => {
    await site.heal();
    const { written } = await keysAskedFor(() => runAttempt(site.request()));
    expect([...written]).toEqual([]);
  });
});
