import { type FaultProxy, startFaultProxy } from '../../harness/faultproxy.ts';
import type { Installation } from './installation.ts';
import type { TestNamespace } from './namespace.ts';

/** What lies between the controller and an installation's Redis and S3 server. */
export interface ProxiedTarget extends AsyncDisposable {
  readonly redis: FaultProxy;
  readonly s3: FaultProxy;
  /** Undoes every fault. */
  heal(): Promise<void>;
}

/** Applies the RecoveryTarget `default`, which reaches Redis and the S3 server through fault proxies. */
export async function applyProxiedTarget(
  namespace: TestNamespace,
  installation: Installation,
): Promise<ProxiedTarget> {
  const redis = await startFaultProxy({ port: installation.redis.port });
  const s3 = await startFaultProxy({ port: installation.s3.port });
  const { spec } = installation.target();
  await namespace.apply(
    ...installation.secrets,
    installation.target('default', {
      redis: { ...spec.redis, address: `${redis.host}:${redis.port}` },
      storage: { ...spec.storage, endpoint: `http://${s3.host}:${s3.port}` },
    }),
  );
  return {
    redis,
    s3,
    async heal() {
      await redis.heal();
      await s3.heal();
    },
    async [Symbol.asyncDispose]() {
      await redis.stop();
      await s3.stop();
    },
  };
}
