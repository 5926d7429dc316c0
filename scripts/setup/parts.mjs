import { clusterNodeParts } from './cluster-node-parts.mjs';
import { fluxParts } from './flux-parts.mjs';
import { kubernetesVersionFlags, ownSource, pinned } from './pinned.mjs';

/**
 * A program of the outside world that set-up builds from its Go module.
 *
 * @typedef {object} GoPart
 * @property {string} name the binary's name
 * @property {string} directory where the go.mod lies that pins it
 * @property {string} package the main package
 * @property {string} version as the go.mod requires it, without the `v`
 * @property {string} ldflags
 * @property {string} [tags] build tags, separated by commas
 * @property {boolean} [cgo] links C code; needs a C compiler
 * @property {boolean} [shiftableTime] whether its clock is ahead by the environment variable
 *   TEST_CLOCK_OFFSET_MS
 * @property {readonly string[]} versionArgs what makes it print its version and exit with 0
 * @property {string} expected what that output must contain
 * @property {string} effort how long the build takes on two cores with cold Go caches
 * @property {readonly Purpose[]} neededFor
 * @property {string | undefined} override the environment variable that names a binary to use instead
 */

/**
 * @typedef {'node' | 'engine' | 'test' | 'demo' | 'chart' | 'future' | 'e2e-node' | 'e2e-flux'
 *   | 'redis-flavours'} Purpose
 */

/**
 * Every Go part, in the order of builds.
 *
 * @returns {readonly GoPart[]}
 */
export function goParts() {
  return [...testParts(), ...clusterNodeParts(), ...fluxParts()];
}

/**
 * What `npm test` and `npm run demo` run on, the slowest build last.
 *
 * @returns {readonly GoPart[]}
 */
function testParts() {
  const versitygw = pinned('versitygw', 'github.com/versity/versitygw');
  const etcd = pinned('etcd', 'go.etcd.io/etcd/server/v3');
  const kubeconform = pinned('kubeconform', 'github.com/yannh/kubeconform');
  const helm = pinned('helm', 'helm.sh/helm/v3');
  const prometheus = pinned('prometheus', 'github.com/prometheus/prometheus');
  const kubernetes = pinned('kubernetes', 'k8s.io/kubernetes');
  /** @type {GoPart} */
  const s3 = {
    ...versitygw,
    name: 'versitygw',
    package: 'github.com/versity/versitygw/cmd/versitygw',
    ldflags: `-X main.Version=v${versitygw.version}`,
    versionArgs: ['--version'],
    expected: `v${versitygw.version}`,
    effort: 'about a minute',
    neededFor: ['test', 'demo', 'e2e-node', 'e2e-flux'],
    override: 'VERSITYGW',
  };
  return [
    s3,
    // It refuses requests that were signed at another time than its own, and the future has both move on.
    { ...s3, name: 'versitygw-shiftable', shiftableTime: true, neededFor: ['future'], override: undefined },
    {
      ...etcd,
      name: 'etcd',
      // Not go.etcd.io/etcd/v3: that builds a library archive, and go build calls it a success.
      package: 'go.etcd.io/etcd/server/v3',
      ldflags: '',
      versionArgs: ['--version'],
      expected: `etcd Version: ${etcd.version}`,
      effort: 'half a minute',
      neededFor: ['test', 'demo', 'chart', 'e2e-node', 'e2e-flux'],
      override: 'KUBEBUILDER_ASSETS',
    },
    {
      ...kubeconform,
      name: 'kubeconform',
      package: 'github.com/yannh/kubeconform/cmd/kubeconform',
      ldflags: `-X main.version=v${kubeconform.version}`,
      versionArgs: ['-v'],
      expected: `v${kubeconform.version}`,
      effort: 'some seconds',
      neededFor: ['test', 'chart'],
      override: undefined,
    },
    {
      ...helm,
      name: 'helm',
      package: 'helm.sh/helm/v3/cmd/helm',
      ldflags: `-X helm.sh/helm/v3/internal/version.version=v${helm.version}`,
      versionArgs: ['version', '--short'],
      expected: `v${helm.version}`,
      effort: 'a minute and a half',
      neededFor: ['test', 'chart', 'e2e-node'],
      override: undefined,
    },
    {
      ...ownSource('gotuf'),
      name: 'gotuf',
      package: '.',
      ldflags: '',
      versionArgs: ['version'],
      expected: 'gotuf',
      effort: 'some seconds',
      neededFor: ['test'],
      override: undefined,
    },
    {
      ...ownSource('gitops'),
      name: 'gitops-health',
      package: '.',
      ldflags: '',
      versionArgs: ['version'],
      expected: 'gitops-health',
      effort: 'two minutes',
      neededFor: ['test'],
      override: undefined,
    },
    {
      ...prometheus,
      name: 'promtool',
      package: 'github.com/prometheus/prometheus/cmd/promtool',
      ldflags: `-X github.com/prometheus/common/version.Version=${prometheus.version}`,
      // Without the service discoveries of a dozen clouds; rules are all that is tested.
      tags: 'remove_all_sd',
      versionArgs: ['--version'],
      expected: `version ${prometheus.version}`,
      effort: 'two minutes',
      neededFor: ['test'],
      override: undefined,
    },
    {
      ...kubernetes,
      name: 'kubectl',
      package: 'k8s.io/kubernetes/cmd/kubectl',
      ldflags: kubernetesVersionFlags(kubernetes.version),
      versionArgs: ['version', '--client'],
      expected: `v${kubernetes.version}`,
      effort: 'a minute',
      neededFor: ['test', 'demo', 'chart', 'e2e-node', 'e2e-flux'],
      override: 'KUBEBUILDER_ASSETS',
    },
    {
      ...kubernetes,
      name: 'kube-controller-manager',
      package: 'k8s.io/kubernetes/cmd/kube-controller-manager',
      ldflags: kubernetesVersionFlags(kubernetes.version),
      versionArgs: ['--version'],
      expected: `Kubernetes v${kubernetes.version}`,
      effort: 'two minutes',
      neededFor: ['test', 'e2e-node', 'e2e-flux'],
      override: undefined,
    },
    {
      ...kubernetes,
      name: 'kube-apiserver',
      package: 'k8s.io/kubernetes/cmd/kube-apiserver',
      ldflags: kubernetesVersionFlags(kubernetes.version),
      versionArgs: ['--version'],
      expected: `Kubernetes v${kubernetes.version}`,
      effort: 'four to five minutes',
      neededFor: ['test', 'demo', 'chart', 'e2e-node', 'e2e-flux'],
      override: 'KUBEBUILDER_ASSETS',
    },
  ];
}

/**
 * The Go part of that name.
 *
 * @param {string} name
 * @returns {GoPart}
 */
export function goPart(name) {
  const part = goParts().find((candidate) => candidate.name === name);
  if (!part) {
    throw new Error(`There is no part named ${name}.`);
  }
  return part;
}
