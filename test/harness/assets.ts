import { isExecutable, locateGoPart, locateRedis } from '../../scripts/setup/locate.mjs';

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
  | 'gitops-health';

/**
 * The path of a program: where the environment names one (`REDIS_SERVER`, `VERSITYGW`, `KUBEBUILDER_ASSETS`), else
 * where `npm run setup` put it.
 *
 * @throws Error that tells which command installs it, when it isn't there.
 */
export function asset(name: Asset): string {
  const located = name === 'redis-server' ? locateRedis() : locateGoPart(name);
  if (!located || !isExecutable(located.path)) {
    throw new Error(`${name} is missing${located ? ` at ${located.path}` : ''}. Install it: npm run setup`);
  }
  return located.path;
}
