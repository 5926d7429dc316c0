import { Hopeless, type Pod } from './kubernetes.ts';
import { names } from './names.ts';
import type { Interruption, Scene } from './scenario.ts';

const nothing = async (): Promise<void> => undefined;

/** What can happen to a controller, the quickest first. */
export const interruptions: readonly Interruption[] = [
  {
    name: 'kill -9 of the container',
    proves: 'the kubelet starts it again; the run continues under the same attempt',
    core: true,
    interrupt: async ({ controllers }, leader) => {
      await controllers.signal(leader, 'KILL');
      return nothing;
    },
  },
  {
    name: 'leader deleted',
    proves: 'it hands over before it ends, within its grace',
    core: true,
    interrupt: async ({ kubernetes, controllers }, leader) => {
      await kubernetes.kubectl([...podArgs(leader, 'delete'), '--wait=false']);
      await controllers.leader(leader.metadata.name);
      return nothing;
    },
  },
  {
    name: 'leader deleted at once',
    proves: 'another takes over, without waiting for the lease to run out',
    core: false,
    interrupt: async ({ kubernetes, controllers }, leader) => {
      await kubernetes.kubectl([...podArgs(leader, 'delete'), '--grace-period=0', '--force']);
      await controllers.leader(leader.metadata.name);
      return nothing;
    },
  },
  {
    name: 'leader stopped with SIGSTOP',
    proves: 'one that wakes up too late writes nothing and starts anew',
    core: false,
    interrupt: async (scene, leader) => {
      const { controllers } = scene;
      await controllers.signal(leader, 'STOP');
      await controllers.leader(leader.metadata.name);
      await controllers.signal(leader, 'CONT');
      return () => untilRestarted(leader, scene);
    },
  },
  {
    name: 'out of memory',
    proves: 'a run continues after the kernel has ended its container, as after a kill',
    core: false,
    interrupt: async ({ controllers }, leader) => {
      await controllers.exhaustMemory(leader);
      // It says so for as long as it lives, and none of the other steps may end this way.
      return () => controllers.replace(leader.metadata.name);
    },
  },
  {
    name: 'drain of the node',
    proves: 'the PodDisruptionBudget lets it through, one replica is always up',
    core: true,
    interrupt: async ({ kubernetes, controllers }, leader) => {
      const node = leader.spec.nodeName ?? '';
      await kubernetes.kubectl([
        ...['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--timeout=600s'],
        `--pod-selector=app.kubernetes.io/instance=${names.release}`,
      ]);
      await controllers.leader(leader.metadata.name);
      return async () => {
        await kubernetes.kubectl(['uncordon', node]);
        await controllers.spread();
      };
    },
  },
  {
    name: 'partition of the node',
    proves: 'who is cut off leads no longer when it comes back',
    core: false,
    interrupt: async ({ provider, controllers }, leader) => {
      const node = leader.spec.nodeName ?? '';
      const cut = (change: '-I' | '-D'): Promise<string> =>
        provider.onNode(
          node,
          `iptables -t raw ${change} PREROUTING -i eth0 -j DROP && iptables -t mangle ${change} POSTROUTING -o eth0 -j DROP`,
        );
      await cut('-I');
      try {
        await controllers.leader(leader.metadata.name);
      } finally {
        await cut('-D');
      }
      return nothing;
    },
  },
  {
    name: 'helm upgrade',
    proves: 'a rollout ends no run',
    core: true,
    interrupt: async ({ operator }) => {
      await operator.upgrade('controller.logLevel=debug');
      return nothing;
    },
  },
  {
    name: 'helm rollback',
    proves: 'the former revision takes over what the newer one began',
    core: false,
    interrupt: async ({ operator }) => {
      await operator.rollback();
      return nothing;
    },
  },
];

function podArgs({ metadata }: Pod, verb: string): readonly string[] {
  return [`--namespace=${metadata.namespace}`, verb, 'pod', metadata.name];
}

/** A controller that has lost the lease ends; the kubelet starts it again. */
async function untilRestarted(
  { metadata: { name, uid }, status }: Pod,
  { kubernetes, controllers }: Scene,
): Promise<void> {
  const before = restarts(status);
  await kubernetes.until(`pod ${name} to start anew`, async () => {
    const pod = (await controllers.pods()).find(({ metadata }) => metadata.uid === uid);
    if (pod === undefined) {
      throw new Hopeless(`Pod ${name} is gone.`);
    }
    return restarts(pod.status) > before;
  });
}

function restarts({ containerStatuses }: Pod['status']): number {
  return containerStatuses?.[0]?.restartCount ?? 0;
}
