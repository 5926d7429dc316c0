import type { Kubernetes, Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Provider } from './provider.ts';
import { nodeScript } from './restricted-pod.ts';

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly holderIdentity?: string };
}

/** The controller's pods. */
export class Controllers {
  readonly #kubernetes: Kubernetes;
  readonly #provider: Provider;

  constructor(kubernetes: Kubernetes, provider: Provider) {
    this.#kubernetes = kubernetes;
    this.#provider = provider;
  }

  pods(): Promise<readonly Pod[]> {
    return this.#kubernetes.list<Pod>(names.operator, 'pods', component('controller'));
  }

  /** Pods that a Lease names as its holder, whether there are such pods or not. */
  async holders(): Promise<readonly string[]> {
    const leases = await this.#kubernetes.list<Lease>(names.operator, 'leases');
    return leases.map(({ spec }) => spec.holderIdentity ?? '').filter((name) => name !== '');
  }

  /** Waits for a pod that leads, other than `former`. */
  leader(former?: string): Promise<Pod> {
    return this.#kubernetes.until('a leader', async () => {
      const holders = await this.holders();
      return (await this.pods()).find(
        ({ metadata }) => holders.includes(metadata.name) && metadata.name !== former,
      );
    });
  }

  /**
   * Waits until all replicas are ready and up to date.
   *
   * @throws Error when one of them has run out of memory
   */
  async untilReady(): Promise<void> {
    const rollout = ['rollout', 'status', 'deployment', `--selector=${component('controller')}`];
    await this.#kubernetes.kubectl([`--namespace=${names.operator}`, ...rollout, '--timeout=600s']);
    for (const pod of await this.pods()) {
      if (isOutOfMemory(pod)) {
        throw new Error(`Pod ${pod.metadata.name} was OOMKilled within the chart's own limit.`);
      }
    }
  }

  /** Deletes a pod, so that another takes its place. */
  async replace(name: string): Promise<void> {
    const args = [`--namespace=${names.operator}`, 'delete', 'pod', name, '--timeout=600s'];
    await this.#kubernetes.kubectl(args);
  }

  /** Moves a replica away from the leader's node, as nothing else does after a drain. */
  async spread(): Promise<void> {
    const leader = await this.leader();
    for (const { metadata, spec } of await this.pods()) {
      if (metadata.uid !== leader.metadata.uid && spec.nodeName === leader.spec.nodeName) {
        await this.replace(metadata.name);
      }
    }
    await this.untilReady();
  }

  /** Sends a signal to the program in a pod, from its node. */
  async signal(pod: Pod, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
    await this.#onNodeOf(pod, `kill -${signal} ${await this.#processOf(pod)}`);
  }

  /** Has the kernel end the program in a pod, because the pod has used up its memory. */
  async exhaustMemory(pod: Pod): Promise<void> {
    const { name, uid } = pod.metadata;
    // With cgroup v1 the limit can't be lower than what is used, so something asks for more. The program
    // is the larger of the two, and the kernel ends the largest.
    await this.#inMemoryCgroup(
      pod,
      'echo $((32 << 20)) > memory.max',
      'echo $(($(cat memory.usage_in_bytes) + (4 << 20))) > memory.limit_in_bytes',
    );
    const greed = nodeScript('const held = []; for (;;) held.push(Buffer.alloc(1 << 20, 1));');
    await this.#kubernetes.exec(names.operator, `pod/${name}`, greed).catch(() => undefined);
    await this.#kubernetes.until(`pod ${name} to be OOMKilled`, async () => {
      const same = (await this.pods()).find(({ metadata }) => metadata.uid === uid);
      return same !== undefined && isOutOfMemory(same);
    });
  }

  /** Bytes in the cgroup of a pod's program, as memory limits count them. */
  async memoryOf(pod: Pod): Promise<number> {
    const bytes = await this.#inMemoryCgroup(pod, 'cat memory.current', 'cat memory.usage_in_bytes');
    return Number(bytes.trim());
  }

  /** Runs one of two scripts in the directory of the cgroup that limits the memory of a pod's program. */
  async #inMemoryCgroup(pod: Pod, version2: string, version1: string): Promise<string> {
    const file = `/proc/${await this.#processOf(pod)}/cgroup`;
    return this.#onNodeOf(
      pod,
      `if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        cd /sys/fs/cgroup$(sed -n 's/^0:://p' ${file}) && ${version2}
      else
        cd /sys/fs/cgroup/memory$(sed -n 's/^[0-9]*:memory://p' ${file}) && ${version1}
      fi`,
    );
  }

  /** The process of the program in a pod, by the number it has on its node. */
  async #processOf(pod: Pod): Promise<string> {
    const { uid, name } = pod.metadata;
    // The systemd driver of cgroups writes underscores.
    const group = `${uid}\\|${uid.replaceAll('-', '_')}`;
    const found = await this.#onNodeOf(
      pod,
      `for process in /proc/[0-9]*; do
        if grep -q '${group}' $process/cgroup 2>/dev/null && grep -q 'tuf-recovery.js' $process/cmdline 2>/dev/null; then
          echo \${process#/proc/}
        fi
      done`,
    );
    if (!/^\d+$/.test(found.trim())) {
      throw new Error(`No single process of pod ${name} was found on ${pod.spec.nodeName}: ${found}`);
    }
    return found.trim();
  }

  #onNodeOf(pod: Pod, script: string): Promise<string> {
    return this.#provider.onNode(pod.spec.nodeName ?? '', script);
  }
}

function isOutOfMemory({ status }: Pod): boolean {
  return (
    status.containerStatuses?.some(({ lastState }) => lastState?.terminated?.reason === 'OOMKilled') ?? false
  );
}
