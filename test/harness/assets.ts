import { isExecutable, locateChromium, locateGoPart, locateRedis } from '../../scripts/setup/locate.mjs';
import { goPart } from '../../scripts/setup/parts.mjs';

/** The programs that the harness runs. */
export type Asset =
  | 'redis-server'
  | 'chromium'
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
 * The path of a program: where the environment names one (`REDIS_SERVER`, `CHROMIUM`, `VERSITYGW`,
 * `KUBEBUILDER_ASSETS`), else where `npm run setup` put it.
 *
 * @throws Error that says which command installs it, when it isn't there.
 */
export function asset(name: Asset): string {
  const located = locate(name);
  if (!located || !isExecutable(located.path)) {
    const command = isPackaged(name) ? 'npm run setup' : setupCommand(name);
    throw new Error(`${name} is missing${located ? ` at ${located.path}` : ''}. Install it: ${command}`);
  }
  return located.path;
}

function locate(name: Asset): { readonly path: string } | undefined {
  if (isPackaged(name)) {
    return name === 'chromium' ? locateChromium() : locateRedis();
  }
  return locateGoPart(name);
}

/** Installed from the system's packages, not built. */
function isPackaged(name: Asset): name is 'redis-server' | 'chromium' {
  return name === 'redis-server' || name === 'chromium';
}

function setupCommand(name: string): string {
  const { neededFor } = goPart(name);
  return neededFor.includes('test') ? 'npm run setup' : `npm run setup ${neededFor[0]}`;
}
