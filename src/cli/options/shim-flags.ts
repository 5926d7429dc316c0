import type { ListenAddress } from '../../net/http-server.ts';
import type { LogLevel } from '../../observability/log-level.ts';
import type { Tenant } from '../../shim/auth/tenants.ts';

/** Flags of `shim`. */
export interface ShimFlags {
  readonly address: ListenAddress;
  readonly metricsAddress: ListenAddress;
  readonly namespace?: string;
  readonly target: string;
  readonly tenant: ReadonlyMap<string, Tenant>;
  readonly jwtSecretFile: readonly string[];
  readonly jwksUrl?: URL;
  readonly oidc?: true;
  readonly issuer?: string;
  readonly audience?: string;
  readonly jwtAlgorithm?: readonly string[];
  readonly usernameClaim: string;
  readonly clockTolerance: number;
  readonly allowTokensWithoutExpiry?: true;
  readonly admin: readonly string[];
  readonly adminClaim?: { readonly claim: string; readonly value: string };
  readonly serverUrl?: URL;
  readonly allowedOrigin: readonly string[];
  readonly rateLimit: number;
  readonly decisionTimeout: number;
  readonly ttlAfterFinished: number;
  readonly drainDelay: number;
  readonly shutdownGrace: number;
  readonly logLevel: LogLevel;
  readonly kubeconfig?: string;
  readonly context?: string;
}
