import type { Kubernetes, Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Provider } from './provider.ts';

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

  /** Waits for a pod that leads, other than `former`. */
  leader(former?: string): Promise<Pod> {
    return this.#kubernetes.until('a leader', async () => {
      const leases = await this.#kubernetes.list<Lease>(names.operator, 'leases');
      const holders = leases.map(({ spec }) => spec.holderIdentity);
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
    await this.#kubernetes.kubectl([`--namespace=${names.operator}`, ...rollout, '--timeout=180s']);
    for (const { metadata, status } of await this.pods()) {
      const ended = status.containerStatuses?.map(({ lastState }) => lastState?.terminated?.reason) ?? [];
      if (ended.includes('OOMKilled')) {
        throw new Error(`Pod ${metadata.name} was OOMKilled within the chart's own limit.`);
      }
    }
  }

  /** Moves a replica away from the leader's node, as nothing else does after a drain. */
  async spread(): Promise<void> {
    const leader = await this.leader();
    for (const { metadata, spec } of await this.pods()) {
      if (metadata.uid !== leader.metadata.uid && spec.nodeName === leader.spec.nodeName) {
        const pod = ['pod', metadata.name, '--timeout=180s'];
        await this.#kubernetes.kubectl([`--namespace=${names.operator}`, 'delete', ...pod]);
      }
    }
    await this.untilReady();
  }

  /** Sends a signal to the program in a pod, from its node. */
  async signal(pod: Pod, signal: 'KILL' | 'STOP' | 'CONT'): Promise<void> {
    const { uid, name } = pod.metadata;
    // The systemd driver of cgroups writes underscores.
    const group = `${uid}\\|${uid.replaceAll('-', '_')}`;
    const sent = await this.#provider.onNode(
      pod.spec.nodeName ?? '',
      `for process in /proc/[0-9]*; do
        if grep -q '${group}' $process/cgroup 2>/dev/null && grep -q 'tuf-recovery.js' $process/cmdline 2>/dev/null; then
          kill -${signal} \${process#/proc/} && echo sent
        fi
      done`,
    );
    if (sent.trim() !== 'sent') {
      throw new Error(`No single process of pod ${name} was found on ${pod.spec.nodeName}: ${sent}`);
    }
  }
}
