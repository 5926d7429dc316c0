import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../../async/clock.ts';
import type { APIClientOptions } from '../../kube/client/call-options.ts';
import type { LeaderElectorOptions } from '../../kube/leaderelection/leader-elector.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import type { TargetRules } from '../target-connection/target-rules.ts';
import type { NotificationOptions } from './notifications.ts';
import type { Shard } from './shard.ts';

/** Options of `createOperator`. */
export interface OperatorOptions {
  readonly loadConfig: APIClientOptions['loadConfig'];
  readonly userAgent: string;
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[];
  /** Which targets, with all that belongs to them, are served; left out: all of them. */
  readonly shard?: Shard | undefined;
  /** Left out: no election, for a single replica. */
  readonly lease?: Pick<LeaderElectorOptions, 'namespace' | 'name' | 'owner' | 'labels'>;
  /** Which replica this is: unique, shown in the lease and in events. */
  readonly identity: string;
  /** Through which proxy S3, STS and the server's API are asked. */
  readonly proxy: ProxyRule;
  /** What this installation allows targets, and from where their short host names are looked up. */
  readonly rules: Omit<TargetRules, 'apiServer'>;
  /** Left out: nothing is sent. */
  readonly notifications?: NotificationOptions | undefined;
  readonly maxConcurrentRuns: number;
  /** Bytes that runs and verifications may use together, beyond what the process needs anyway. */
  readonly memoryBytes: number;
  readonly shutdownGraceMs: number;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}
