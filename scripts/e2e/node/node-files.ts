import { addresses, type NodeAddress } from './addresses.ts';

/** Where a node's parts keep their files. */
export interface NodePaths {
  readonly directory: string;
  /** The folder with containerd's, runc's and the CNI plugins' programs under their own names. */
  readonly programs: string;
}

/** containerd's socket; `/run` is the node's own. */
export const containerdSocket = '/run/containerd/containerd.sock';

/** The image of the container that holds a pod's namespaces. */
export const pauseImage = 'localhost/pause:e2e';

/** The configuration of containerd. */
export function containerdConfig({ directory, programs }: NodePaths): string {
  return `version = 3
root = "${directory}/containerd"
state = "/run/containerd"
[grpc]
  address = "${containerdSocket}"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "${pauseImage}"
[plugins.'io.containerd.cri.v1.runtime']
  # Not every machine lets root lower a score (CAP_SYS_RESOURCE).
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  netns_mounts_under_state_dir = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ["${programs}"]
  conf_dir = "${directory}/cni"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
    BinaryName = "${programs}/runc"
    SystemdCgroup = false
`;
}

/** The pods' network of a node: a bridge, and addresses out of the node's range. */
export function cniConfig({ directory }: NodePaths, { pods }: NodeAddress): string {
  return JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'pods0',
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: `${directory}/ipam`,
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
}

/** The configuration of the kubelet. */
export function kubeletConfig(
  { directory }: NodePaths,
  { cgroupRoot, cgroupVersion }: { readonly cgroupRoot: string; readonly cgroupVersion: 1 | 2 },
): string {
  return JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    // Only the cluster's own namespaces reach it.
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot,
    ...(cgroupVersion === 1 ? { failCgroupV1: false } : {}),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: `${directory}/resolv.conf`,
    podLogsDir: `${directory}/logs`,
    volumePluginDir: `${directory}/volume-plugins`,
    // Both need CAP_SYS_RESOURCE otherwise.
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    failSwapOn: false,
    // The machine's disk is not the cluster's business.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
  });
}
