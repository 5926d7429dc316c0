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
import { cpuSeconds } from './process-time.ts';
import { median, quantile } from './quantile.ts';

const ROUNDS = 24;
const SECONDS = Number(process.argv[2] ?? 0.5);
const WARM_UP_SECONDS = 4;
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

/** What one round came to. */
interface Round {
  readonly perSecond: number;
  readonly requests: number;
  /** CPU time of the server, all its threads. */
  readonly cpuSeconds: number;
}

/** Sends requests over 20 connections, the next one on each as soon as the last is answered. */
async function measure({ server, url, method, body, status }: Load, duration = SECONDS): Promise<Round> {
  let wrong: string | undefined;
  // From answer to answer: autocannon itself looks only now and then whether the time is over.
  const answers = { count: 0, firstAt: 0, lastAt: 0 };
  const options: autocannon.Options = {
    url,
    method,
    headers,
    ...(body !== undefined && { body }),
    connections: 20,
    duration,
    sampleInt: 50,
    setupClient: (client) => {
      let text = '';
      client.on('body', (bytes) => {
        text = bytes.toString();
      });
      client.on('response', (code) => {
        answers.lastAt = performance.now();
        answers.firstAt ||= answers.lastAt;
        answers.count += 1;
        if (code !== status) {
          wrong ??= `answer ${code}: ${text}`;
        }
      });
    },
  };
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  const usedBefore = await cpuSeconds(server.pid);
  const running = autocannon(options, (error: unknown, result) => (error ? reject(error) : resolve(result)));
  running.on('reqError', (error: unknown) => {
    wrong ??= String(error);
  });
  const result = await promise;
  const used = (await cpuSeconds(server.pid)) - usedBefore;
  const counts = Object.entries(result.statusCodeStats ?? {});
  const others = counts.filter(([code]) => code !== String(status));
  if (others.length > 0 || result.errors > 0) {
    const log = (await server.log()).trimEnd().split('\n').slice(-5).join('\n  ');
    throw new Error(
      `${method} ${url}: ${JSON.stringify(result.statusCodeStats)}, ${result.errors} errors; expected only ${status}. First: ${wrong}\n  ${log}`,
    );
  }
  const perSecond = ((answers.count - 1) / (answers.lastAt - answers.firstAt)) * 1000;
  return { perSecond, requests: answers.count, cpuSeconds: used };
}

/**
 * Alternates the two in short rounds, so that both see the same moods of the machine, and takes turns in who
 * begins; keeps the figures and returns the median of the ratios of two rounds next to each other.
 */
async function compare(name: string, shim: Load, reference: Load): Promise<number> {
  // Until both are compiled to machine code, the one with more code looks worse than it is.
  await measure(reference, WARM_UP_SECONDS);
  await measure(shim, WARM_UP_SECONDS);
  const [bare, ours]: [Round[], Round[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 2 === 0) {
      bare.push(await measure(reference));
    }
    ours.push(await measure(shim));
    if (round % 2 === 1) {
      bare.push(await measure(reference));
    }
  }
  const ratios = ours
    .map(({ perSecond }, index) => perSecond / (bare[index]?.perSecond ?? Number.NaN))
    .sort((a, b) => a - b);
  const [low, ratio, high] = [0.25, 0.5, 0.75].map((share) => quantile(ratios, share).toFixed(2));
  const [bareMicroseconds, ourMicroseconds] = [cpuMicroseconds(bare), cpuMicroseconds(ours)];
  figures.push(
    `${name}: ratio ${ratio} (goal ${GOAL}), half of ${ROUNDS} pairs of rounds between ${low} and ${high}`,
    `  bare Express ${rate(bare)}/s with ${bareMicroseconds.toFixed(0)} µs of CPU a request, shim ${rate(ours)}/s with ${ourMicroseconds.toFixed(0)} µs, ratio of CPU ${(bareMicroseconds / ourMicroseconds).toFixed(2)}`,
  );
  return median(ratios);
}

function rate(rounds: readonly Round[]): string {
  return median(rounds.map(({ perSecond }) => perSecond)).toFixed(0);
}

/** Of a server, for each request. */
function cpuMicroseconds(rounds: readonly Round[]): number {
  const sum = (of: (round: Round) => number): number => rounds.reduce((all, round) => all + of(round), 0);
  return (sum((round) => round.cpuSeconds) / sum((round) => round.requests)) * 1e6;
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
const refused = await measure(
  { server: shim.process, url: `${shim.url}${RECOVERY}`, method: 'POST', body, status: 409 },
  WARM_UP_SECONDS,
);
figures.push(
  `POST recovery, in progress, each confirmed by the API server: ${refused.perSecond.toFixed(0)}/s`,
);

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
