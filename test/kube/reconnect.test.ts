import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { liveHeap } from './fixtures/heap.ts';
import { running } from './fixtures/running.ts';
import { reply, startScriptedAPI } from './fixtures/scriptedapi.ts';
import { testClient } from './fixtures/testclient.ts';
import { FAST, widgetInformer } from './fixtures/widgetinformer.ts';

test('two thousand reconnects leave no sockets, no listeners and no heap behind', async () => {
  let watches = 0;
  await using api = await startScriptedAPI((request, response) => {
    if (!request.query.has('watch')) {
      reply(response, 200, { kind: 'WidgetList', metadata: { resourceVersion: 'x' }, items: [] });
      return;
    }
    watches += 1;
    api.requests.length = 0;
    const metadata = { namespace: 'n', name: `w-${watches % 10}`, uid: 'u', resourceVersion: `v${watches}` };
    const object = { apiVersion: 'kube.test/v1', kind: 'Widget', metadata, spec: { size: watches } };
    response.writeHead(200).write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    // Every way a connection ends: reset, closed, in good order; the last kind keeps it for the next request.
    const end = [
      () => response.socket?.resetAndDestroy(),
      () => response.socket?.destroy(),
      () => response.end(),
    ];
    setImmediate(() => end[watches % 3]?.());
  });
  await using rig = testClient(() => api.config());
  const timings = { ...FAST, shortWatchMs: 0, backoff: { initialMs: 0, maxMs: 0, resetAfterMs: 1_000 } };
  const informer = widgetInformer(rig.client, { ...rig.seen, logger: silent(rig.seen.logger) }, { timings });
  await using run = running((signal) => informer.run(signal));
  // The first few hundred fill caches and warm the compiler up.
  await poll('five hundred watches', () => watches >= 500);
  const before = { heap: liveHeap(), listeners: getEventListeners(run.signal, 'abort').length };
  await poll('two thousand more', () => watches >= 2_500);
  const after = { heap: liveHeap(), listeners: getEventListeners(run.signal, 'abort').length };
  expect(api.connections).toBeLessThanOrEqual(3);
  expect(after.listeners).toBeLessThanOrEqual(3);
  expect(before.listeners).toBeLessThanOrEqual(3);
  // A leak of one kilobyte a reconnect would be two megabytes.
  expect(after.heap - before.heap).toBeLessThan(1.5 * 1024 * 1024);
});

function silent<L extends { level: string }>(logger: L): L {
  logger.level = 'silent';
  return logger;
}
