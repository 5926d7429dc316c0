/**
 * npm run bench:shim: how much the shim adds to what every Express application with the same token check
 * costs, and whether 1,000 requests at once become exactly as many tasks as there are apps. Ratios come from
 * alternating rounds of the same run; they depend on the machine much less than requests per second do. Ends
 * with 1 as soon as an answer is not the expected one, with the first such answer or error, and after the
 * figures when a ratio is below the goal. `node bench/shim.ts [seconds of a round]`
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { startAPIServer } from '../test/harness/apiserver.ts';
import { poll } from '../test/harness/poll.ts';
import { type RunningProcess, startProcess } from '../test/harness/process.ts';
import { ScriptedController } from '../test/shim/support/scripted-controller.ts';
import { startShimProcess } from '../test/shim/support/shim-process.ts';
import { tokenFor } from '../test/shim/support/tokens.ts';
import { expectOutcomes } from './outcomes.ts';
import { median } from './quantile.ts';

const ROUNDS = 5;
const SECONDS = Number(process.argv[2] ?? 2);
const WARM_UP_SECONDS = 2 * SECONDS;
const GOAL = 0.75;
const TASK = '/tuf/v1/task?task_id=';
const RECOVERY = '/tuf/v1/bootstrap/recovery';
const headersOf = (admin: string) => ({
  authorization: `Bearer ${tokenFor(admin)}`,
  'content-type': 'application/json',
});
const headers = headersOf('alice');

/** To be printed when every outcome was the expected one. */
const figures: string[] = [];

interface Load {
  /** What serves it: its log tells why an answer was another one. */
  readonly server: RunningProcess;
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** The only status that counts as served. */
  readonly status: number;
}

/** Requests per second over one round. */
async function measure({ server, url, method, body, status }: Load, duration = SECONDS): Promise<number> {
  let first: string | undefined;
  const options: autocannon.Options = {
    url,
    method,
    headers,
    ...(body !== undefined && { body }),
    connections: 20,
    duration,
    setupClient: (client) => {
      let text = '';
      client.on('body', (bytes) => {
        text = bytes.toString();
      });
      client.on('response', (code) => {
        if (code !== status) {
          first ??= `answer ${code}: ${text}`;
        }
      });
    },
  };
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const running = autocannon(options, (error: unknown, result) => (error ? reject(error) : resolve(result)));
  running.on('reqError', (error: unknown) => {
    first ??= String(error);
  });
  const result = await promise;
  const counts = Object.entries(result.statusCodeStats ?? {});
  const others = counts.filter(([code]) => code !== String(status));
  if (others.length > 0 || result.errors > 0) {
    const log = (await server.log()).trimEnd().split('\n').slice(-5).join('\n  ');
    throw new Error(
      `${method} ${url}: ${JSON.stringify(result.statusCodeStats)}, ${result.errors} errors; expected only ${status}. First: ${first}\n  ${log}`,
    );
  }
  return result.requests.average;
}

/**
 * Alternates the two, so that both see the same moods of the machine; keeps the figures and returns the
 * median ratio.
 */
async function compare(name: string, shim: Load, reference: Load): Promise<number> {
  // Until both are compiled to machine code, the one with more code looks worse than it is.
  await measure(reference, WARM_UP_SECONDS);
  await measure(shim, WARM_UP_SECONDS);
  const ratios: number[] = [];
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [bare, ours] = [await measure(reference), await measure(shim)];
    rates[0].push(bare);
    rates[1].push(ours);
    ratios.push(ours / bare);
  }
  const ratio = median(ratios);
  figures.push(
    `${name}: bare Express ${median(rates[0]).toFixed(0)}/s, shim ${median(rates[1]).toFixed(0)}/s, ratio ${ratio.toFixed(2)} (goal ${GOAL})`,
  );
  return ratio;
}

/** One of the servers in shim-reference.ts, in a process of its own. */
async function startReference(kind: 'express' | 'app'): Promise<RunningProcess & { readonly url: string }> {
  const server = await startProcess({
    name: kind,
    command: process.execPath,
    args: [`${import.meta.dirname}/shim-reference.ts`, kind],
  });
  const port = await poll(
    `${kind} to listen`,
    async () => /listening on (\d+)/.exec(await server.log())?.[1],
  );
  return Object.assign(server, { url: `http://127.0.0.1:${port}` });
}

/**
 * Sends so many requests at once, and repeats those that were answered with Retry-After, as a client does.
 * Counts answers by status.
 */
async function postAll(
  urls: readonly string[],
  requests: number,
  apps: number,
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  const send = async (index: number): Promise<void> => {
    const response = await fetch(`${urls[index % urls.length]}${RECOVERY}`, {
      method: 'POST',
      // Another admin: one may have 100 unfinished recoveries at most, and alice has one.
      headers: headersOf('bob'),
      body: JSON.stringify({ appName: `app-${index % apps}` }),
    });
    await response.arrayBuffer();
    counts[response.status] = (counts[response.status] ?? 0) + 1;
    if (response.status === 503) {
      await delay(Number(response.headers.get('retry-after')) * 1000);
      await send(index);
    }
  };
  await Promise.all(Array.from({ length: requests }, (_, index) => send(index)));
  return counts;
}

/**
 * One 202 for each app, 409 for every other request. A request that was answered 503, because the API server
 * was too slow to say what it had done, may have recorded the run all the same; sent again, it is answered
 * 409.
 */
function isOnceForEachApp({
  202: accepted = 0,
  409: refused = 0,
  503: busy = 0,
  ...others
}: Readonly<Record<string, number>>): boolean {
  const missing = 100 - accepted;
  return accepted + refused === 1_000 && missing >= 0 && missing <= busy && Object.keys(others).length === 0;
}

await using cluster = await startAPIServer();
for (const plural of ['bootstraprecoveries', 'recoverytargets']) {
  await cluster.apply(await readFile(`crds/tuf-recovery.dev_${plural}.yaml`, 'utf8'));
}
const namespace = await cluster.createNamespace('bench');
await using controller = new ScriptedController(cluster, namespace, () => ({
  accepted: 'RecoveryRequired',
  succeeded: 'Running',
}));
const flags = ['--admin=alice', '--admin=bob', '--rate-limit=1000000'];
await using shim = await startShimProcess(cluster, namespace, flags);
await using other = await startShimProcess(cluster, namespace, flags);
await using express = await startReference('express');
await using app = await startReference('app');

const first = await fetch(`${shim.url}${RECOVERY}`, { method: 'POST', headers, body: '{"appName":"bench"}' });
const { data } = (await first.json()) as { data: { task_id: string } };
const body = '{"appName":"bench","timeout":300}';
await poll('the task to be seen', async () => {
  const response = await fetch(`${shim.url}${TASK}${data.task_id}`, { headers });
  return (await response.text()).includes('RUNNING');
});

const ratios = [
  await compare(
    'GET task, from the watched runs of a real API server',
    { server: shim.process, url: `${shim.url}${TASK}${data.task_id}`, method: 'GET', status: 200 },
    { server: express, url: `${express.url}${TASK}x`, method: 'GET', status: 200 },
  ),
  await compare(
    'POST recovery, answered 202, Kubernetes aside',
    { server: app, url: `${app.url}${RECOVERY}`, method: 'POST', body, status: 202 },
    { server: express, url: `${express.url}${RECOVERY}`, method: 'POST', body, status: 202 },
  ),
];
const refused = await measure({
  server: shim.process,
  url: `${shim.url}${RECOVERY}`,
  method: 'POST',
  body,
  status: 409,
});
figures.push(`POST recovery, in progress, each confirmed by the API server: ${refused.toFixed(0)}/s`);

const started = performance.now();
const counts = await postAll([shim.url, other.url], 1_000, 100);
const seconds = (performance.now() - started) / 1000;
const ours = () => controller.runs.filter(({ spec }) => /^app-\d+$/.test(spec.appName));
await poll('every app to have a run', () => new Set(ours().map(({ spec }) => spec.appName)).size === 100);
expectOutcomes([
  ...(ours().length === 100 ? [] : [`${ours().length} tasks for 100 apps`]),
  ...(isOnceForEachApp(counts)
    ? []
    : [`answers, 100 × 202 and 900 × 409 expected: ${JSON.stringify(counts)}`]),
]);
for (const figure of figures) {
  console.log(figure);
}
console.log(
  `1,000 concurrent POSTs for 100 apps on 2 shims: ${ours().length} runs, answers ${JSON.stringify(counts)}, ${seconds.toFixed(1)} s`,
);
if (ratios.some((ratio) => ratio < GOAL)) {
  console.log(`below the goal of ${GOAL}`);
  process.exitCode = 1;
}
