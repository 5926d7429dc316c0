import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { InformerOptions } from '../../src/kube/cache/informer.ts';
import { DEFAULT_REFLECTOR_TIMINGS } from '../../src/kube/cache/reflector-timings.ts';
import { APIError } from '../../src/kube/client/api-error.ts';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { observed } from './fixtures/observed.ts';
import { running } from './fixtures/running.ts';
import { reply, type SeenRequest, startScriptedAPI, status } from './fixtures/scriptedapi.ts';
import { testClient } from './fixtures/testclient.ts';
import type { Widget } from './fixtures/widget.ts';
import { cachedNames, FAST, widgetInformer } from './fixtures/widgetinformer.ts';

function stored(name: string, resourceVersion: string) {
  const metadata = { namespace: 'n', name, uid: `uid-${name}`, resourceVersion };
  return { apiVersion: 'kube.test/v1', kind: 'Widget', metadata, spec: { size: 1 } };
}

function event(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function bookmark(resourceVersion: string): string {
  return event('BOOKMARK', { apiVersion: 'kube.test/v1', kind: 'Widget', metadata: { resourceVersion } });
}

/** A tiny API server whose list is what `world` holds and whose watches are what `watch` makes of them. */
function startWorld(watch: (request: SeenRequest, response: ServerResponse, nth: number) => void) {
  const world = { names: ['a', 'b'], listVersion: 'list-1', lists: 0, watches: 0 };
  const api = startScriptedAPI((request, response) => {
    if (request.query.has('watch')) {
      world.watches += 1;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      watch(request, response, world.watches);
    } else {
      world.lists += 1;
      const items = world.names.map((name) => stored(name, `${name}-1`));
      reply(response, 200, { kind: 'WidgetList', metadata: { resourceVersion: world.listVersion }, items });
    }
  });
  return { world, api };
}

const expiries: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'an HTTP 410 at connect': (response) => reply(response, 410, status(410, 'Expired')),
  'an ERROR event in the stream': (response) => {
    response.writeHead(200).end(event('ERROR', status(410, 'Expired', 'too old resource version')));
  },
  'no 410 at all, but a stream that ends at once': (response) => void response.writeHead(200).end(),
};

test.each(Object.keys(expiries))(
  'a deletion is seen although its event has expired, answered with %s',
  async (shape) => {
    let names = ['a', 'b'];
    let newest = 'stale';
    const listed: (string | null)[] = [];
    await using api = await startScriptedAPI(({ query }, response) => {
      if (!query.has('watch')) {
        listed.push(query.get('resourceVersion'));
        const items = names.map((name) => stored(name, 'v'));
        reply(response, 200, { kind: 'WidgetList', metadata: { resourceVersion: newest }, items });
      } else if (query.get('resourceVersion') === newest) {
        response.writeHead(200).write(bookmark(newest));
        if (newest === 'stale') {
          // The gap: the connection is lost, b is deleted, and history moves on past the reflector.
          names = ['a'];
          newest = 'fresh';
          setTimeout(() => response.socket?.destroy(), 100);
        }
      } else {
        expiries[shape]?.(response);
      }
    });
    await using rig = testClient(() => api.config());
    const informer = widgetInformer(rig.client, rig.seen);
    const heard: string[] = [];
    informer.store.subscribe(({ type, object }) => heard.push(`${type} ${object.metadata.name}`));
    await using _run = running((signal) => informer.run(signal));
    await poll('the deletion', () => heard.includes('deleted b'));
    expect(cachedNames(informer)).toEqual(['a']);
    // Only the newest state may end the doubt: not what was seen already.
    expect(listed).toEqual([null, null]);
  },
);

test('history that expires between list and watch again and again ends in backoff, not in a storm', async () => {
  const clock = new ManualClock();
  const seen = observed();
  let lists = 0;
  const client: InformerOptions<Widget>['client'] = {
    list: async () => {
      lists += 1;
      return { resourceVersion: 'x', items: [] };
    },
    watch: async function* () {
      yield* [];
      throw new APIError('WATCH', 410, { reason: 'Expired' });
    },
  };
  const informer = widgetInformer(client, seen, {
    clock,
    random: () => 0,
    timings: DEFAULT_REFLECTOR_TIMINGS,
  });
  await using _run = running((signal) => informer.run(signal));
  await clock.advance(120_000);
  expect(lists).toBeLessThanOrEqual(9);
});

test('two minutes of a dead server cost at most nine lists, and then one watch lives', async () => {
  const clock = new ManualClock();
  const seen = observed();
  let down = true;
  let [lists, watches, open] = [0, 0, 0];
  const client: InformerOptions<Widget>['client'] = {
    list: async () => {
      lists += 1;
      if (down) {
        throw new ConnectionError('Refused', 'down');
      }
      return { resourceVersion: 'x', items: [] };
    },
    watch: async function* (_resource, { signal }) {
      watches += 1;
      open += 1;
      yield* [];
      await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
      open -= 1;
    },
  };
  const informer = widgetInformer(client, seen, {
    clock,
    random: () => 0,
    timings: DEFAULT_REFLECTOR_TIMINGS,
  });
  await using _run = running((signal) => informer.run(signal));
  await clock.advance(120_000);
  expect(lists).toBeLessThanOrEqual(9);
  expect(informer.hasSynced).toBe(false);
  expect(informer.failures).toEqual(['down']);
  down = false;
  await clock.advance(60_000);
  expect(informer.hasSynced).toBe(true);
  expect({ watches, open }).toEqual({ watches: 1, open: 1 });
  await expect(informer.run(new AbortController().signal)).rejects.toThrow('runs already');
});

test('a server that accepts watches and drops them is not hammered either', async () => {
  const clock = new ManualClock();
  const seen = observed();
  let watches = 0;
  const client: InformerOptions<Widget>['client'] = {
    list: async () => ({ resourceVersion: 'x', items: [] }),
    watch: async function* () {
      watches += 1;
      yield { type: 'BOOKMARK', resourceVersion: `x${watches}` };
      throw new ConnectionError('Reset', 'dropped');
    },
  };
  const informer = widgetInformer(client, seen, {
    clock,
    random: () => 0,
    timings: DEFAULT_REFLECTOR_TIMINGS,
  });
  await using _run = running((signal) => informer.run(signal));
  await clock.advance(120_000);
  expect(watches).toBeLessThanOrEqual(9);
});

test('twenty failed lists in a row, of every kind, do not end the loop', async () => {
  let lists = 0;
  await using api = await startScriptedAPI((request, response) => {
    if (request.query.has('watch')) {
      response.writeHead(200).write(bookmark('later'));
      return;
    }
    lists += 1;
    if (lists > 20) {
      reply(response, 200, {
        kind: 'WidgetList',
        metadata: { resourceVersion: 'x' },
        items: [stored('a', '1')],
      });
    } else if (lists % 5 === 0) {
      response.socket?.destroy();
    } else if (lists % 5 === 1) {
      response.writeHead(200).end('<html>not what you wanted</html>');
    } else {
      reply(response, lists % 2 === 0 ? 500 : 503, status(500, 'InternalError'));
    }
  });
  await using rig = testClient(() => api.config());
  const timings = { ...FAST, backoff: { initialMs: 1, maxMs: 5, resetAfterMs: 5_000 } };
  const informer = widgetInformer(rig.client, rig.seen, { timings });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  expect(cachedNames(informer)).toEqual(['a']);
  expect(informer.failures).toEqual([]);
  const counted = await rig.seen.value('test_watch_errors_total');
  expect(counted).toBeGreaterThanOrEqual(16);
  expect(rig.seen.lines.filter(({ msg }) => msg?.includes('trying again'))).toHaveLength(counted);
});

test('a watch that is reset in the middle of a line continues where it was, without a list', async () => {
  const { world, api: starting } = startWorld((request, response, nth) => {
    if (nth === 1) {
      response.write(event('MODIFIED', stored('a', 'a-2')));
      response.write(event('ADDED', stored('c', 'c-1')).slice(0, 40));
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
    } else {
      expect(request.query.get('resourceVersion')).toBe('a-2');
      response.write(event('ADDED', stored('c', 'c-1')));
    }
  });
  await using api = await starting;
  await using rig = testClient(() => api.config());
  const informer = widgetInformer(rig.client, rig.seen);
  await using _run = running((signal) => informer.run(signal));
  await poll('the interrupted event', () => cachedNames(informer).includes('c'));
  expect(world.lists).toBe(1);
});

test.each([429, 502, 503, 504])(
  'a watch that is answered with %i is tried again where it was, without a list',
  async (code) => {
    let lists = 0;
    const continued: (string | null)[] = [];
    await using api = await startScriptedAPI((request, response) => {
      if (!request.query.has('watch')) {
        lists += 1;
        const metadata = { resourceVersion: 'list-1' };
        reply(response, 200, { kind: 'WidgetList', metadata, items: [stored('a', 'a-1')] });
        return;
      }
      continued.push(request.query.get('resourceVersion'));
      if (continued.length <= 3) {
        reply(response, code, status(code, 'Unavailable'));
      } else {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(event('ADDED', stored('b', 'b-1')));
      }
    });
    await using rig = testClient(() => api.config());
    const informer = widgetInformer(rig.client, rig.seen);
    await using _run = running((signal) => informer.run(signal));
    await poll('what happened meanwhile', () => cachedNames(informer).includes('b'));
    expect(continued).toEqual(['list-1', 'list-1', 'list-1', 'list-1']);
    expect(lists).toBe(1);
  },
);

test('resourceVersions are opaque: a watch continues with exactly what the server said last, bookmarks included', async () => {
  const asked: (string | null)[] = [];
  const { api: starting } = startWorld((request, response, nth) => {
    asked.push(request.query.get('resourceVersion'));
    const resourceVersion = ['Ω≠7', '-0', '00010', 'zebra'][nth - 1];
    if (resourceVersion !== undefined) {
      response.write(
        nth % 2 === 1 ? bookmark(resourceVersion) : event('MODIFIED', stored('a', resourceVersion)),
      );
      setTimeout(() => response.end(), 100);
    }
  });
  await using api = await starting;
  await using rig = testClient(() => api.config());
  const informer = widgetInformer(rig.client, rig.seen);
  await using _run = running((signal) => informer.run(signal));
  await poll('five watches', () => asked.length === 5);
  expect(asked).toEqual(['list-1', 'Ω≠7', '-0', '00010', 'zebra']);
});

test('a quiet watch that gets bookmarks is left alone; a silent one is replaced and nothing is listed again', async () => {
  let silent = false;
  const { world, api: starting } = startWorld((request, response) => {
    expect(request.query.get('allowWatchBookmarks')).toBe('true');
    const timer = setInterval(() => silent || response.write(bookmark('b')), 50);
    response.on('close', () => clearInterval(timer));
  });
  await using api = await starting;
  await using rig = testClient(() => api.config());
  const informer = widgetInformer(rig.client, rig.seen, { timings: { ...FAST, idleMs: 2_000 } });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  const quietUntil = performance.now() + 4_000;
  await poll('twice the idle time to pass', () => performance.now() > quietUntil);
  expect(world.watches).toBe(1);
  silent = true;
  await poll('another watch', () => world.watches === 2);
  expect(world.lists).toBe(1);
  expect(await rig.seen.value('test_watch_errors_total', { reason: 'Idle' })).toBe(1);
});

test('every watch asks the server to end it after five to ten minutes', async () => {
  const seconds: number[] = [];
  const { api: starting } = startWorld((request, response, nth) => {
    seconds.push(Number(request.query.get('timeoutSeconds')));
    setTimeout(() => nth < 20 && response.socket?.destroy(), 5);
  });
  await using api = await starting;
  await using rig = testClient(() => api.config());
  const timings = { ...FAST, minWatchMs: 300_000, backoff: { initialMs: 1, maxMs: 2, resetAfterMs: 5_000 } };
  const informer = widgetInformer(rig.client, rig.seen, { timings });
  await using _run = running((signal) => informer.run(signal));
  await poll('twenty watches', () => seconds.length === 20);
  expect(Math.min(...seconds)).toBeGreaterThanOrEqual(300);
  expect(Math.max(...seconds)).toBeLessThanOrEqual(600);
  expect(new Set(seconds).size).toBeGreaterThan(10);
});

test('a list is repeated when it has grown old, although nothing seems wrong', async () => {
  const { world, api: starting } = startWorld((_request, response) => setTimeout(() => response.end(), 60));
  await using api = await starting;
  await using rig = testClient(() => api.config());
  const informer = widgetInformer(rig.client, rig.seen, { timings: { ...FAST, relistMs: 200 } });
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  world.names = ['a'];
  await poll('the second list', () => cachedNames(informer).length === 1);
  expect(await rig.seen.value('test_relist_total', { reason: 'periodic' })).toBeGreaterThanOrEqual(1);
});

test('an API server that was restored from a backup, and knows less than was seen, is believed', async () => {
  let names = ['a', 'b'];
  let restored = false;
  const listed: (string | null)[] = [];
  await using api = await startScriptedAPI(({ query }, response) => {
    const known = restored ? 'early' : 'late';
    if (!query.has('watch')) {
      listed.push(query.get('resourceVersion'));
    }
    if (restored && query.get('resourceVersion') === 'late') {
      const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
      reply(response, 504, { ...status(504, 'Timeout'), details: { causes } });
    } else if (query.has('watch')) {
      response.writeHead(200).write(bookmark(known));
      if (!restored) {
        names = ['a'];
        restored = true;
        setTimeout(() => response.socket?.destroy(), 100);
      }
    } else {
      const items = names.map((name) => stored(name, 'v'));
      reply(response, 200, { kind: 'WidgetList', metadata: { resourceVersion: known }, items });
    }
  });
  await using rig = testClient(() => api.config());
  const informer = widgetInformer(rig.client, rig.seen);
  await using _run = running((signal) => informer.run(signal));
  await informer.synced;
  await poll('the state of the backup', () => cachedNames(informer).join() === 'a');
  expect(listed).toEqual([null, 'late', null]);
});
