import type { Shard } from '../../controllers/operator/shard.ts';
import type { ListenAddress } from '../../net/http-server.ts';
import type { NotificationFormat } from '../../notifications/message.ts';
import type { NotificationTopic } from '../../notifications/topics.ts';
import type { LogLevel } from '../../observability/log-level.ts';

/** Flags of `controller`. */
export interface ControllerFlags {
  readonly namespaces: readonly string[];
  readonly leaderElect: boolean;
  readonly leaseName?: string;
  readonly leaseNamespace?: string;
  readonly identity: string;
  readonly shard?: Shard;
  readonly maxConcurrentRuns: number;
  readonly ambientIdentityNamespaces: readonly string[];
  readonly healthAddress: ListenAddress;
  readonly metricsAddress: ListenAddress;
  readonly notifyUrlFile?: string;
  readonly notifyFormat: NotificationFormat;
  readonly notifyOn: readonly NotificationTopic[];
  readonly notifyCluster: string;
  readonly shutdownGrace: number;
  readonly logLevel: LogLevel;
  readonly kubeconfig?: string;
  readonly context?: string;
}
