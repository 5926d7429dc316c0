/**
 * Ten minutes of nothing: three watches, an election and a health server against a real API server whose
 * objects do not change. Prints what that costs, and exits with 1 when a resource needed more than three
 * watch connections or when heap or sockets grew. `node bench/idle.ts [minutes]`
 */
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../src/async/clock.ts';
import { Informer } from '../src/kube/cache/informer.ts';
import { APIClient } from '../src/kube/client/api-client.ts';
import type { Resource } from '../src/kube/client/resource.ts';
import { Controller } from '../src/kube/controller/controller.ts';
import { Runtime } from '../src/kube/controller/runtime.ts';
import { LeaderElector } from '../src/kube/leaderelection/leader-elector.ts';
import { RuntimeMetrics } from '../src/kube/metrics/runtime-metrics.ts';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { liveHeap } from '../test/kube/fixtures/heap.ts';
import { WIDGET_CRD, WIDGETS, widget } from '../test/kube/fixtures/widget.ts';
import { expectOutcomes } from './outcomes.ts';

const minutes = Number(process.argv[2] ?? 10);
/** One at the start, and one more whenever the shortest watch the reflector asks for could have ended. */
const MAX_WATCHES = Math.ceil(minutes / 5) + 1;
const OBJECTS = 100;
const MAX_HEAP_GROWTH = 2 * 1024 * 1024;

await using server = await startAPIServer();
await server.apply(WIDGET_CRD);
const namespace = await server.createNamespace();

const registry = new Registry();
const metrics = new RuntimeMetrics({ registry, prefix: 'idle' });
const logger = pino({ level: 'warn' });
const client = new APIClient({ loadConfig: () => server.kubeConfig(), userAgent: 'idle-bench', metrics });
const shared = { client, logger, metrics, clock: systemClock, random: Math.random };
const core = { group: '', version: 'v1', namespaced: true };
const configMaps: Resource = { ...core, plural: 'configmaps', kind: 'ConfigMap' };
const secrets: Resource = { ...core, plural: 'secrets', kind: 'Secret' };
const widgets = new Informer({ ...shared, resource: WIDGETS });
const caches = [
  widgets,
  new Informer({ ...shared, resource: configMaps }),
  new Informer({ ...shared, resource: secrets }),
];
for (let index = 0; index < OBJECTS; index += 1) {
  await client.create(WIDGETS, widget(namespace, `w-${index}`));
}
let reconciles = 0;
const reconciler = {
  async reconcile(): Promise<void> {
    reconciles += 1;
  },
};
const controller = new Controller({ ...shared, name: 'idle', reconciler }).watch(widgets);
const elector = new LeaderElector({ ...shared, namespace, name: 'idle', identity: 'bench' });
const runtime = new Runtime({
  ...shared,
  caches,
  controllers: [controller],
  elector,
  shutdownGraceMs: 5_000,
});
const shutdown = new AbortController();
const running = runtime.run(shutdown.signal);

await Promise.all(caches.map((cache) => cache.synced));
// The first half minute belongs to the compiler and to filling caches.
await delay(30_000);
const before = { heap: liveHeap(), sockets: openSockets(), reconciles };
const cpuBefore = process.cpuUsage();
await delay(minutes * 60_000);
const cpu = process.cpuUsage(cpuBefore);
const after = { heap: liveHeap(), sockets: openSockets(), reconciles };

const watches = (await metrics.watchStarts.get()).values.map(({ labels, value }) => ({
  resource: labels.resource,
  value,
}));
const growth = after.heap - before.heap;
shutdown.abort();
await running;
await client.close();
expectOutcomes([
  ...watches
    .filter(({ value }) => value > MAX_WATCHES)
    .map(({ resource, value }) => `${resource}: ${value} watch connections, at most ${MAX_WATCHES} expected`),
  ...(watches.length === caches.length
    ? []
    : [`${watches.length} of ${caches.length} resources are watched`]),
  ...(growth <= MAX_HEAP_GROWTH ? [] : [`the heap grew by ${mebibytes(growth)} MiB`]),
  ...(after.sockets <= before.sockets + 1 ? [] : [`sockets: ${before.sockets} → ${after.sockets}`]),
  ...(before.reconciles === OBJECTS
    ? []
    : [`${before.reconciles} of ${OBJECTS} objects were reconciled at the start`]),
]);
for (const { resource, value } of watches) {
  console.log(`${resource}: ${value} watch connections in ${minutes} min (at most ${MAX_WATCHES})`);
}
console.log(
  `heap: ${mebibytes(before.heap)} → ${mebibytes(after.heap)} MiB (at most +${mebibytes(MAX_HEAP_GROWTH)})`,
);
console.log(`sockets: ${before.sockets} → ${after.sockets}`);
console.log(`reconciles while idle: ${after.reconciles - before.reconciles}`);
console.log(`CPU: ${((cpu.user + cpu.system) / 1000 / minutes).toFixed(0)} ms per minute`);

/** Sockets this process holds open, as Node.js counts them. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket')).length;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
