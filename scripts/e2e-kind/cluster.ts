import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { run } from './run.ts';

const KUBECTL = 'kubectl';

/** A port of this machine that leads into the cluster, until it is disposed of. */
export interface Forward extends AsyncDisposable {
  readonly port: number;
}

/** A kind cluster with a kubeconfig of its own; the user's stays untouched. */
export class Cluster {
  readonly #name: string;
  readonly #kubeconfig: string;
  readonly #namespace: string;

  constructor(name: string, kubeconfig: string, namespace: string) {
    this.#name = name;
    this.#kubeconfig = kubeconfig;
    this.#namespace = namespace;
  }

  async create(): Promise<void> {
    await run('kind', [
      'create',
      'cluster',
      `--name=${this.#name}`,
      `--kubeconfig=${this.#kubeconfig}`,
      '--wait=180s',
    ]);
    await this.kubectl(['create', 'namespace', this.#namespace]);
  }

  async load(image: string): Promise<void> {
    await run('kind', ['load', 'docker-image', image, `--name=${this.#name}`]);
  }

  /** Runs kubectl in the namespace of the test. */
  kubectl(args: readonly string[], input?: string): Promise<string> {
    return run(KUBECTL, this.#kubectlArgs(args), input);
  }

  async apply(...manifests: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifests };
    await this.kubectl(['apply', '--filename=-'], JSON.stringify(list));
  }

  /** Installs the chart for the namespace of the test only, and waits until its pods are ready. */
  async install(chart: string, image: string): Promise<void> {
    const [repository, tag] = image.split(':');
    await run('helm', [
      ...['install', 'tuf-recovery', chart, `--kubeconfig=${this.#kubeconfig}`],
      ...['--namespace=tuf-recovery', '--create-namespace', '--wait', '--timeout=300s'],
      ...[
        `--set=image.repository=${repository},image.tag=${tag}`,
        `--set=watchNamespaces={${this.#namespace}}`,
      ],
    ]);
  }

  /** Makes a port of a service reachable on this machine. */
  async forward(service: string, port: number): Promise<Forward> {
    const child = spawn(KUBECTL, this.#kubectlArgs(['port-forward', service, `:${port}`]), {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
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
    throw new Error(`kubectl port-forward ${service} ended before it forwarded anything.`);
  }

  /** What a person looks at first when something went wrong. Never rejects. */
  async diagnosis(): Promise<string> {
    const looks = [
      ['get', 'pods,events', '--all-namespaces'],
      ['describe', 'bsr,rt'],
      ['logs', '--namespace=tuf-recovery', '--selector=app.kubernetes.io/component=controller', '--tail=50'],
    ];
    const seen = await Promise.allSettled(looks.map((args) => this.kubectl(args)));
    return seen.map((each) => (each.status === 'fulfilled' ? each.value : String(each.reason))).join('\n');
  }

  async delete(): Promise<void> {
    await run('kind', ['delete', 'cluster', `--name=${this.#name}`]);
    await rm(this.#kubeconfig, { force: true });
  }

  #kubectlArgs(args: readonly string[]): string[] {
    return [`--kubeconfig=${this.#kubeconfig}`, `--namespace=${this.#namespace}`, ...args];
  }
}
