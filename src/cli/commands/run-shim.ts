import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { collectDefaultMetrics, Registry } from 'prom-client';
import packageJSON from '../../../package.json' with { type: 'json' };
import { systemClock } from '../../async/clock.ts';
import { APIClient } from '../../kube/client/api-client.ts';
import { installCrashPolicy } from '../../kube/controller/crash-policy.ts';
import { RuntimeMetrics } from '../../kube/metrics/runtime-metrics.ts';
import { backgroundOutput } from '../../observability/background-output.ts';
import { createLogger } from '../../observability/log.ts';
import { metricsPrefix } from '../../observability/metrics.ts';
import { Tenants } from '../../shim/auth/tenants.ts';
import { Shim } from '../../shim/shim.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { loadClusterConfig } from '../kubectl/connection.ts';
import type { ShimFlags } from '../options/shim-flags.ts';
import { shimTrust } from '../options/shim-trust.ts';
import { followAuthorities } from './follow-authorities.ts';

/** Serves until SIGTERM or SIGINT, then drains; ends the process when it can't go on. */
export async function runShim(flags: ShimFlags, context: CommandContext): Promise<void> {
  const clock = systemClock;
  const output = backgroundOutput();
  const logger = createLogger(flags.logLevel, output);
  installCrashPolicy(process, logger, () => {
    // A defect has left a state that nothing can vouch for.
    output.flushSync();
    process.exit(exitCodes.failed);
  });
  const { warnings, ...trust } = await shimTrust(flags, context.env, { clock, random: Math.random, logger });
  const config = loadClusterConfig(flags);
  const namespace = flags.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const runtimeMetrics = new RuntimeMetrics({ registry, prefix: metricsPrefix });
  const client = new APIClient({
    loadConfig: () => loadClusterConfig(flags),
    userAgent: `${packageJSON.name}/${packageJSON.version} shim`,
    metrics: runtimeMetrics,
    // A client waits behind each of these calls.
    timeouts: { get: 5_000, write: 5_000 },
  });
  for (const warning of warnings) {
    logger.warn(warning);
  }
  using _authorities = followAuthorities(context.env, logger);
  const shim = await Shim.start({
    ...trust,
    address: flags.address,
    metricsAddress: flags.metricsAddress,
    client,
    tenants: new Tenants({ namespace: namespace || 'default', target: flags.target }, flags.tenant),
    rateLimit: { perMinute: flags.rateLimit },
    allowedOrigins: flags.allowedOrigin,
    decisionTimeoutMs: flags.decisionTimeout * 1000,
    ttlSecondsAfterFinished: flags.ttlAfterFinished,
    drainDelayMs: flags.drainDelay * 1000,
    drainGraceMs: flags.shutdownGrace * 1000,
    logger,
    registry,
    runtimeMetrics,
    clock,
    random: Math.random,
    newID: randomUUID,
    version: packageJSON.version,
  });
  if (!context.signal.aborted) {
    await once(context.signal, 'abort');
  }
  await shim.stop();
  await client.close();
}
