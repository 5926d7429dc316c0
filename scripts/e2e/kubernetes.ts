import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '../demo/execute.ts';
import type { Provider } from './provider.ts';

/** A port of this machine that leads to a pod, until it is disposed of. */
export interface Forward extends AsyncDisposable {
  readonly port: number;
}

/** The parts of a pod that the scenario looks at. */
export interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastTransitionTime: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state?: { readonly running?: { readonly startedAt: string } };
      readonly lastState?: { readonly terminated?: { readonly reason?: string; readonly exitCode: number } };
    }[];
  };
}

/** kubectl and helm as an administrator of the scenario's cluster. */
export class Kubernetes {
  readonly #provider: Provider;

  constructor(provider: Provider) {
    this.#provider = provider;
  }

  kubectl(args: readonly string[], input?: string): Promise<string> {
    const { kubeconfig, programs } = this.#provider;
    return execute(programs.kubectl, [`--kubeconfig=${kubeconfig}`, ...args], input);
  }

  helm(args: readonly string[]): Promise<string> {
    const { kubeconfig, programs } = this.#provider;
    return execute(programs.helm, [`--kubeconfig=${kubeconfig}`, ...args]);
  }

  async apply(namespace: string, manifests: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
    await this.kubectl([`--namespace=${namespace}`, 'apply', '--filename=-'], list);
  }

  /** An object as the API server has it. */
  async get<T>(namespace: string, kind: string, name: string): Promise<T> {
    // The caller names the type that belongs to the kind.
    return JSON.parse(
      await this.kubectl([`--namespace=${namespace}`, 'get', kind, name, '--output=json']),
    ) as T;
  }

  async list<T>(namespace: string, kind: string, selector = ''): Promise<readonly T[]> {
    const args = [`--namespace=${namespace}`, 'get', kind, `--selector=${selector}`, '--output=json'];
    return (JSON.parse(await this.kubectl(args)) as { items: readonly T[] }).items;
  }

  /** Runs a program in a container and returns what it prints. */
  exec(namespace: string, target: string, command: readonly string[], input = ''): Promise<string> {
    return this.kubectl([`--namespace=${namespace}`, 'exec', '--stdin', target, '--', ...command], input);
  }

  /** Makes a port of a pod or Service reachable on this machine. */
  async forward(namespace: string, target: string, port: number): Promise<Forward> {
    const { kubeconfig, programs } = this.#provider;
    const child = spawn(
      programs.kubectl,
      [`--kubeconfig=${kubeconfig}`, `--namespace=${namespace}`, 'port-forward', target, `:${port}`],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      const local = /^Forwarding from 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (local !== undefined) {
        return {
          port: Number(local),
          [Symbol.asyncDispose]: async () => {
            child.kill();
          },
        };
      }
    }
    throw new Error(`kubectl port-forward ${target} ended before it forwarded anything.`);
  }

  /**
   * Looks until `look` returns something, but not longer than ten minutes: only a failure waits that long.
   * Its errors count as "not yet": an API server or a pod may be busy.
   *
   * @throws Error that names what was waited for, with the last error as its cause
   */
  async until<T>(what: string, look: () => Promise<T | undefined | false>, timeoutMs = 600_000): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      let cause: unknown;
      try {
        const seen = await look();
        if (seen !== undefined && seen !== false) {
          return seen;
        }
      } catch (error) {
        if (error instanceof Hopeless) {
          throw error;
        }
        cause = error;
      }
      if (performance.now() > deadline) {
        const why = cause instanceof Error ? `: ${cause.message}` : '';
        throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}${why}`, { cause });
      }
      await delay(200);
    }
  }
}

/** What is waited for can't come any more; {@link Kubernetes.until} gives up at once. */
export class Hopeless extends Error {}
