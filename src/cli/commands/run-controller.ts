import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import packageJSON from '../../../package.json' with { type: 'json' };
import { systemClock } from '../../async/clock.ts';
import type { NotificationOptions } from '../../controllers/operator/notifications.ts';
import type { OperatorOptions } from '../../controllers/operator/options.ts';
import { createOperator, type Operator } from '../../controllers/operator.ts';
import { memoryForRuns } from '../../controllers/slots/memory.ts';
import { installCrashPolicy } from '../../kube/controller/crash-policy.ts';
import { HealthServer } from '../../kube/health/health-server.ts';
import type { ListenAddress } from '../../net/http-server.ts';
import { createLogger } from '../../observability/log.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { loadClusterConfig } from '../kubectl/connection.ts';
import { controllerLabels } from '../kubectl/version/installed.ts';
import type { ControllerFlags } from '../options/controller-flags.ts';
import type { Environment } from '../options/env.ts';
import { followAuthorities } from './follow-authorities.ts';
import { IdleHeap, type ProcessUsage } from './idle-heap.ts';

/** The chart's default limit. */
const defaultMemoryLimit = 512 * 2 ** 20;

/** Runs the operator until SIGTERM or SIGINT; ends the process when it can't go on. */
export async function runController(flags: ControllerFlags, context: CommandContext): Promise<void> {
  const logger = createLogger(flags.logLevel);
  installCrashPolicy(process, logger, exitAtOnce);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { namespaces, identity } = flags;
  const operator = createOperator({
    loadConfig: () => loadClusterConfig(flags),
    userAgent: `${packageJSON.name}/${packageJSON.version}`,
    namespaces,
    shard: flags.shard,
    ...(flags.leaderElect && { lease: leaseOf(flags, context.env) }),
    identity,
    proxy: context.env.proxy,
    rules: {
      podNamespace: context.env.podNamespace ?? serviceAccountNamespace(),
      ambientNamespaces: flags.ambientIdentityNamespaces,
    },
    notifications: notificationsOf(flags),
    maxConcurrentRuns: flags.maxConcurrentRuns,
    memoryBytes: memoryForRuns(memoryLimit()),
    shutdownGraceMs: flags.shutdownGrace * 1000,
    registry,
    logger,
    clock: systemClock,
    random: Math.random,
  });
  const health = await serve(flags.healthAddress, operator, registry, logger);
  const metrics = await serve(flags.metricsAddress, operator, registry, logger);
  logger.info(
    {
      version: packageJSON.version,
      identity,
      namespaces,
      healthPort: health.port,
      metricsPort: metrics.port,
    },
    'starting',
  );
  using _heap = new IdleHeap({ clock: systemClock, usage: processUsage, collect: collectGarbage });
  using _authorities = followAuthorities(context.env, logger);
  try {
    await operator.run(context.signal);
  } catch (error) {
    logger.fatal({ err: error }, 'the operator cannot go on; exiting');
    exitAtOnce();
  }
  await health.server.close();
  await metrics.server.close();
  logger.info('stopped');
}

function notificationsOf({
  notifyUrlFile: urlFile,
  notifyFormat: format,
  notifyOn: topics,
  notifyCluster: cluster,
}: ControllerFlags): NotificationOptions | undefined {
  return urlFile === undefined ? undefined : { urlFile, format, topics, cluster };
}

async function serve(
  { host, port }: ListenAddress,
  { liveness, readiness, series }: Operator,
  registry: Registry,
  logger: Logger,
): Promise<{ readonly server: HealthServer; readonly port: number }> {
  const server = new HealthServer({
    port,
    ...(host !== undefined && { host }),
    liveness,
    readiness,
    registry,
    series,
    logger,
  });
  return { server, port: await server.listen() };
}

/** CPU is that of all threads, the heap that of this one. */
function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return { cpuMs: (user + system) / 1_000, heapBytes: getHeapStatistics().total_heap_size };
}

/** Node.js must run with --expose-gc, as it does in the image. */
function collectGarbage(): void {
  globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}

/** Bytes this process may use: the container's limit, or what the chart gives it when there is none. */
function memoryLimit(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : defaultMemoryLimit;
}

/** The namespace the kubelet wrote beside the token of this pod; undefined outside a cluster. */
function serviceAccountNamespace(): string | undefined {
  try {
    return readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim();
  } catch {
    return undefined; // no pod, or one without a token
  }
}

/** Shards that shared one Lease would elect one of them, and the other targets would not be served. */
function leaseName({ leaseName: given, shard }: ControllerFlags): string {
  const name = 'tuf-recovery-controller';
  return given ?? (shard === undefined ? name : `${name}-${shard.index}-of-${shard.count}`);
}

/** The lease, owned by this pod when both are in one namespace: an owner elsewhere counts as gone. */
function leaseOf(
  flags: ControllerFlags,
  { podName, podNamespace, podUID }: Environment,
): NonNullable<OperatorOptions['lease']> {
  const lease = { namespace: leaseNamespace(flags), name: leaseName(flags), labels: controllerLabels };
  if (podName === undefined || podUID === undefined || podNamespace !== lease.namespace) {
    return lease;
  }
  return { ...lease, owner: { apiVersion: 'v1', kind: 'Pod', name: podName, uid: podUID } };
}

/** The namespace of the pod, or of the kubeconfig's context. */
function leaseNamespace(flags: ControllerFlags): string {
  const config = loadClusterConfig(flags);
  return flags.leaseNamespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
}

/**
 * Another replica may lead already, or a defect has left a state that nothing can vouch for: waiting for
 * anything would be wrong. The logger writes synchronously, so its last line is out.
 */
function exitAtOnce(): never {
  process.exit(exitCodes.failed);
}
