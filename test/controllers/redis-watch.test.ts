import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/async/clock.ts';
import {
  type RedisAvailability,
  RedisWatch,
  type RedisWatchListener,
  type RedisWatchOptions,
} from '../../src/controllers/loss-detection/redis-watch.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { poll } from '../harness/poll.ts';
import { type RedisServer, startRedis } from '../harness/redis.ts';

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
  const client = await redis.client();
  await client.acl('SETUSER', 'watch', 'on', '>p', '~*', '&*', '+@all', '-client|tracking');
});

afterAll(() => redis.stop());

interface Heard {
  readonly changed: string[];
  readonly unknown: string[];
  readonly availability: RedisAvailability[];
}

function listenerOf(heard: Heard): RedisWatchListener {
  return {
    changed: (app) => heard.changed.push(app),
    unknownKey: (key) => heard.unknown.push(key),
    availabilityChanged: (availability) => heard.availability.push(availability),
  };
}

function watchRedis(
  { host, port }: { readonly host: string; readonly port: number },
  user: { readonly username?: string; readonly password?: string } = {},
  change: Partial<RedisWatchOptions> = {},
): { readonly watch: RedisWatch; readonly heard: Heard } {
  const heard: Heard = { changed: [], unknown: [], availability: [] };
  const watch = new RedisWatch({
    endpoint: async () => ({ location: { kind: 'standalone', address: { host, port } }, ...user }),
    prefixes: ['LOCK_'],
    canaryKey: undefined,
    listener: listenerOf(heard),
    clock: systemClock,
    random: Math.random,
    ...change,
  });
  return { watch, heard };
}

const isUp = (heard: Heard): boolean => heard.availability.at(-1)?.kind === 'up';

test('who asks while the keys are being read has what they hold from then on', async () => {
  const client = await redis.client();
  await client.set('asked', 'before');
  await using proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  const { watch, heard } = watchRedis(proxy);
  await poll('the watch to be up', () => isUp(heard));
  watch.put('app', ['asked']);
  await watch.read('app');
  // Redis has answered the first read, and the answer is under way when the second one is asked for.
  await proxy.inject({ kind: 'delay', ms: 300, direction: 'toClient' });
  watch.readAll();
  await delay(100);
  await client.set('asked', 'after');
  const values = await watch.read('app');
  expect(values.get('asked')).toMatchObject({ value: 'after' });
  watch.close();
});

test('a key with a watched prefix is reported when it is set and when it is deleted', async () => {
  const { watch, heard } = watchRedis(redis);
  await poll('the watch to be up', () => isUp(heard));
  const client = await redis.client();
  await client.set('LOCK_a', '1');
  await poll('the lock', () => heard.unknown.length === 1);
  await client.del('LOCK_a');
  await poll('its end', () => heard.unknown.length === 2);
  expect(heard.unknown).toEqual(['LOCK_a', 'LOCK_a']);
  watch.close();
});

test('where tracking was refused it is tried again, and Redis is read all the while', async () => {
  const client = await redis.client();
  const clock = new ManualClock();
  const { watch, heard } = watchRedis(redis, { username: 'watch', password: 'p' }, { clock });
  await poll('the watch to be up', () => isUp(heard));
  expect(heard.availability).toMatchObject([{ tracking: { kind: 'polling', refused: true } }]);
  await client.acl('SETUSER', 'watch', '+client|tracking');
  await clock.advance(299_000);
  expect(heard.availability).toHaveLength(1);
  await clock.advance(1_000);
  await poll('the changes to be reported', () => heard.availability.length > 1);
  // Never away in between.
  expect(heard.availability.map(({ kind }) => kind)).toEqual(['up', 'up']);
  expect(heard.availability[1]).toMatchObject({ tracking: { kind: 'immediate' } });
  watch.close();
});

test('a Redis that goes away while it polls is reported once, and read again when it is back', async () => {
  await using proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  await proxy.inject({ kind: 'hangUp', text: 'BCAST', direction: 'toServer' });
  const { watch, heard } = watchRedis(proxy);
  await poll('the watch to be up', () => isUp(heard));
  expect(heard.availability).toMatchObject([{ tracking: { kind: 'polling', refused: false } }]);
  await proxy.inject({ kind: 'refuse' });
  await poll('it to be away', () => heard.availability.at(-1)?.kind === 'down');
  await proxy.heal();
  await poll('it to be back', () => isUp(heard));
  expect(heard.availability.at(-1)).toMatchObject({ tracking: { kind: 'immediate' } });
  watch.close();
});

test('a Redis that restarts again and again is looked for as soon each time', async () => {
  await using proxy = await startFaultProxy({ host: redis.host, port: redis.port });
  /** The pause after each end of a connection that had stood. */
  const pauses: number[] = [];
  let hasStood = false;
  const times = 100;
  const fast: Clock = {
    now: systemClock.now,
    monotonic: () => systemClock.monotonic() * times,
    after(delayMs, callback) {
      if (hasStood && heard.availability.at(-1)?.kind === 'down') {
        hasStood = false;
        pauses.push(delayMs);
      }
      return systemClock.after(delayMs / times, callback);
    },
  };
  const heard: Heard = { changed: [], unknown: [], availability: [] };
  const { watch } = watchRedis(proxy, {}, { clock: fast, listener: listenerOf(heard) });
  const restarts = 8;
  for (let restart = 0; restart < restarts; restart += 1) {
    await poll('the watch to be up', () => isUp(heard));
    await delay(6_000 / times);
    hasStood = true;
    await proxy.inject({ kind: 'refuse' });
    await poll('it to be away', () => heard.availability.at(-1)?.kind === 'down');
    await proxy.heal();
  }
  expect(pauses).toHaveLength(restarts);
  expect(Math.max(...pauses)).toBeLessThan(500);
  watch.close();
});
