import type { Shard } from '../../controllers/operator/shard.ts';
import type { ListenAddress } from '../../net/http-server.ts';
import type { LogLevel } from '../../observability/log.ts';

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
  readonly shutdownGrace: number;
  readonly logLevel: LogLevel;
  readonly kubeconfig?: string;
  readonly context?: string;
}
