import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import { type Condition, findCondition } from '../../../src/api/condition.ts';
import { isTerminal } from '../../../src/api/conditions.ts';
import { apiVersion, bootstrapRecoveries } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/async/clock.ts';
import { Informer } from '../../../src/kube/cache/informer.ts';
import type { APIClient } from '../../../src/kube/client/api-client.ts';
import { poll } from '../../harness/poll.ts';
import { observed } from '../../kube/fixtures/observed.ts';
import type { ControllerProcess } from './controller-process.ts';
import type { Installation } from './installation.ts';

const crowdAdmin = 'crowd';

/** Puts `apps` copies of an app into the bucket: metadata does not name the app it is for. */
export async function putCrowd(installation: Installation, apps: number): Promise<void> {
  const app = installation.app('simple');
  const copies = Array.from({ length: apps }, (_, index) => index);
  await eachOf(copies, 16, async (index) => {
    await installation.s3.put(
      installation.bucket,
      app.objects.map((object) => ({
        ...object,
        key: `tuf_metadata/${crowdAdmin}/${appName(index)}/${object.name}`,
      })),
    );
  });
}

/** How a crowd of runs went. */
export interface CrowdResult {
  /** Terminal runs, by name. */
  readonly runs: ReadonlyMap<string, BootstrapRecovery>;
  /** Milliseconds from the request to create a run until its end was seen, sorted. */
  readonly latencies: readonly number[];
  /** Milliseconds from the first request to the last end. */
  readonly elapsed: number;
}

/** A cache of the runs of a namespace, like the controller's. */
export function runsInformer(client: APIClient, namespace: string): Informer<BootstrapRecovery> {
  const { metrics, logger } = observed();
  return new Informer<BootstrapRecovery>({
    client,
    resource: bootstrapRecoveries,
    namespaces: [namespace],
    logger,
    metrics,
    clock: systemClock,
    random: Math.random,
  });
}

/** What runs to create. */
export interface CrowdOptions {
  readonly apps: number;
  readonly count: number;
  readonly timeoutMs: number;
  /** What the names of the runs begin with. */
  readonly prefix?: string;
  /** Reasons of `Succeeded` that are right; without them every end is. */
  readonly expected?: readonly string[];
}

/**
 * Creates `count` runs at once, in turn for each app, and watches until all have ended.
 *
 * @throws Error with what the first run says that did not end as expected, as soon as it is seen, or with how
 *   the runs stand when the time is over
 */
export async function runCrowd(
  client: APIClient,
  namespace: string,
  { apps, count, timeoutMs, prefix = 'crowd', expected }: CrowdOptions,
): Promise<CrowdResult> {
  const informer = runsInformer(client, namespace);
  const stop = new AbortController();
  const watching = informer.run(stop.signal);
  await informer.synced;
  const createdAt = new Map<string, number>();
  const endedAt = new Map<string, number>();
  const runs = new Map<string, BootstrapRecovery>();
  let wrong: string | undefined;
  informer.store.subscribe(({ object }) => {
    const { name } = object.metadata;
    if (!createdAt.has(name) || endedAt.has(name) || !isTerminal(object.status.conditions ?? [])) {
      return;
    }
    endedAt.set(name, performance.now());
    runs.set(name, object);
    if (expected?.includes(reasonOf(object)) === false) {
      wrong ??= `${name} ended ${reasonOf(object)}: ${succeededOf(object)?.message}`;
    }
  });
  const begin = performance.now();
  const names = Array.from({ length: count }, (_, index) => index);
  await eachOf(names, 32, async (index) => {
    if (wrong !== undefined) {
      return;
    }
    const name = `${prefix}-${index}`;
    createdAt.set(name, performance.now());
    await client.create(bootstrapRecoveries, {
      apiVersion,
      kind: 'BootstrapRecovery',
      metadata: { name, namespace },
      spec: { adminName: crowdAdmin, appName: appName(index % apps) },
    });
  });
  const ended = poll('every run to end', () => wrong !== undefined || endedAt.size === count, {
    timeoutMs,
    intervalMs: 50,
  });
  await ended.catch((error: unknown) => {
    const all = informer.store.list().filter(({ metadata }) => createdAt.has(metadata.name));
    const unended = all.find(({ metadata }) => !endedAt.has(metadata.name));
    const says = `${unended?.metadata.name} says ${JSON.stringify(unended && succeededOf(unended))}`;
    throw new Error(`${endedAt.size} of ${count} runs have ended; ${says}`, { cause: error });
  });
  stop.abort();
  await watching;
  if (wrong !== undefined) {
    throw new Error(wrong);
  }
  const latencies = [...endedAt].map(([name, at]) => at - (createdAt.get(name) ?? at));
  return {
    runs,
    latencies: latencies.sort((a, b) => a - b),
    elapsed: Math.max(...endedAt.values()) - begin,
  };
}

/** Pairs of attempts on one app that overlapped in time, from a controller's log; there must be none. */
export async function overlaps(
  controller: ControllerProcess,
  runs: CrowdResult['runs'],
): Promise<readonly string[]> {
  const busy = new Map<string, string>();
  const found: string[] = [];
  for (const { msg, name } of await controller.log()) {
    if (typeof msg !== 'string' || typeof name !== 'string') {
      continue;
    }
    const app = runs.get(name)?.spec.appName;
    if (app === undefined) {
      continue;
    }
    if (msg === 'attempt begins') {
      const other = busy.get(app);
      if (other !== undefined) {
        found.push(`${name} began on ${app} while ${other} was under way`);
      }
      busy.set(app, name);
    } else if (msg.startsWith('attempt ended')) {
      busy.delete(app);
    }
  }
  return found;
}

/** Calls `work` for each item, so many at once. */
export async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** The reason of `Succeeded`; `none` before there is one. */
export function reasonOf(run: BootstrapRecovery): string {
  return succeededOf(run)?.reason ?? 'none';
}

function succeededOf({ status }: BootstrapRecovery): Condition | undefined {
  return findCondition(status.conditions, 'Succeeded');
}

function appName(index: number): string {
  return `app-${index}`;
}
