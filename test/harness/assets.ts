import { isExecutable, locateGoPart, locateRedis } from '../../scripts/setup/locate.mjs';
import { goPart } from '../../scripts/setup/parts.mjs';

/** The programs that the harness runs. */
export type Asset =
  | 'redis-server'
  | 'versitygw'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'helm'
  | 'kubeconform'
  | 'promtool'
  | 'gitops-health'
  | 'gotuf'
  | 'kube-scheduler'
  | 'kube-proxy'
  | 'kubelet'
  | 'kube-router'
  | 'coredns'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'runc'
  | 'bridge'
  | 'loopback'
  | 'host-local'
  | 'portmap'
  | 'source-controller'
  | 'kustomize-controller';

/**
 * The path of a program: where the environment names one (`REDIS_SERVER`, `VERSITYGW`, `KUBEBUILDER_ASSETS`),
 * else where `npm run setup` put it.
 *
 * @throws Error that tells which command installs it, when it isn't there.
 */
export function asset(name: Asset): string {
  const located = name === 'redis-server' ? locateRedis() : locateGoPart(name);
  if (!located || !isExecutable(located.path)) {
    const command = name === 'redis-server' ? 'npm run setup' : setupCommand(name);
    throw new Error(`${name} is missing${located ? ` at ${located.path}` : ''}. Install it: ${command}`);
  }
  return located.path;
}

function setupCommand(name: string): string {
  const { neededFor } = goPart(name);
  return neededFor.includes('test') ? 'npm run setup' : `npm run setup ${neededFor[0]}`;
}
