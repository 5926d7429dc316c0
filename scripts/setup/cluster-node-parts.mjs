import { kubernetesVersionFlags, ownSource, pinned } from './pinned.mjs';

/**
 * What makes this machine a cluster of two nodes: `npm run e2e:node`.
 *
 * @returns {readonly import('./parts.mjs').GoPart[]}
 */
export function clusterNodeParts() {
  const containerd = pinned('containerd', 'github.com/containerd/containerd/v2');
  const runc = pinned('runc', 'github.com/opencontainers/runc');
  const kubeRouter = pinned('kube-router', 'github.com/cloudnativelabs/kube-router/v2');
  const coredns = pinned('coredns', 'github.com/coredns/coredns');
  /** @type {readonly import('./parts.mjs').GoPart[]} */
  const parts = [
    ...['bridge', 'loopback', 'host-local', 'portmap'].map(cniPlugin),
    {
      ...runc,
      name: 'runc',
      package: 'github.com/opencontainers/runc',
      ldflags: '',
      tags: 'seccomp',
      cgo: true,
      versionArgs: ['--version'],
      expected: `runc version ${runc.version}`,
      effort: 'half a minute',
      neededFor: ['e2e-node'],
      override: undefined,
    },
    ...['containerd', 'containerd-shim-runc-v2', 'ctr'].map((name) => ({
      ...containerd,
      name,
      package: `github.com/containerd/containerd/v2/cmd/${name}`,
      ldflags: `-X github.com/containerd/containerd/v2/version.Version=v${containerd.version}`,
      tags: 'no_btrfs,no_devmapper,no_zfs',
      versionArgs: [name === 'containerd-shim-runc-v2' ? '-v' : '--version'],
      expected: `v${containerd.version}`,
      effort: name === 'containerd' ? 'two minutes' : 'some seconds',
      neededFor: /** @type {const} */ (['e2e-node']),
      override: undefined,
    })),
    ...['kube-proxy', 'kube-scheduler', 'kubelet'].map(kubernetesProgram),
    {
      ...ownSource('coredns'),
      name: 'coredns',
      package: '.',
      ldflags: '',
      versionArgs: ['-version'],
      expected: `CoreDNS-${coredns.version}`,
      effort: 'two minutes',
      neededFor: ['e2e-node'],
      override: undefined,
    },
    {
      ...kubeRouter,
      name: 'kube-router',
      package: 'github.com/cloudnativelabs/kube-router/v2/cmd/kube-router',
      ldflags: `-X github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v${kubeRouter.version}`,
      versionArgs: ['--version'],
      expected: `v${kubeRouter.version}`,
      effort: 'three minutes',
      neededFor: ['e2e-node'],
      override: undefined,
    },
  ];
  return parts;
}

/**
 * @param {string} name
 * @returns {import('./parts.mjs').GoPart}
 */
function cniPlugin(name) {
  const plugins = pinned('cni', 'github.com/containernetworking/plugins');
  const folder = name === 'host-local' ? 'ipam' : name === 'portmap' ? 'meta' : 'main';
  return {
    ...plugins,
    name,
    package: `github.com/containernetworking/plugins/plugins/${folder}/${name}`,
    ldflags: `-X github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion=v${plugins.version}`,
    versionArgs: [],
    expected: `v${plugins.version}`,
    effort: 'some seconds',
    neededFor: ['e2e-node'],
    override: undefined,
  };
}

/**
 * @param {string} name
 * @returns {import('./parts.mjs').GoPart}
 */
function kubernetesProgram(name) {
  const kubernetes = pinned('kubernetes', 'k8s.io/kubernetes');
  return {
    ...kubernetes,
    name,
    package: `k8s.io/kubernetes/cmd/${name}`,
    ldflags: kubernetesVersionFlags(kubernetes.version),
    versionArgs: ['--version'],
    expected: `Kubernetes v${kubernetes.version}`,
    effort: 'a minute',
    neededFor: ['e2e-node'],
    override: undefined,
  };
}
