import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { isatty } from 'node:tty';
import * as z from 'zod';
import { systemErrorCode } from '../../errors.ts';
import type { Authenticator } from './authenticator.ts';
import type { ClusterEntry, ExecEntry } from './kubeconfig-file.ts';

/** client.authentication.k8s.io/v1alpha1 went with Kubernetes 1.24. */
const API_VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
const INTERACTIVE_MODES = ['Never', 'IfAvailable', 'Always'];
/** Where a cluster keeps what its plug-in wants to know of it. */
const CLUSTER_EXTENSION = 'client.authentication.k8s.io/exec';
/** A certificate chain and key fit many times. */
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_HINT_LENGTH = 1000;
const STDIN = 0;

const credential = z.looseObject({
  apiVersion: z.string(),
  kind: z.literal('ExecCredential'),
  status: z.looseObject({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
});

type Status = z.infer<typeof credential>['status'];

/** What {@link ExecPlugin} needs of the process it runs in. */
export interface ExecPluginOptions {
  /** The wall clock: credentials expire by it. */
  readonly now: () => Date;
  /** Called before the program starts if it may ask the person; its end disposes of the result. */
  readonly onPrompt?: (() => Disposable) | undefined;
}

/**
 * Credentials from a program of the user's cloud, by the protocol of client.authentication.k8s.io: the
 * program learns of the request from KUBERNETES_EXEC_INFO and prints an ExecCredential, which counts until it
 * expires. It may ask the person at the terminal; what it says on standard error goes there unchanged.
 */
export class ExecPlugin implements Authenticator {
  readonly #entry: ExecEntry;
  readonly #cluster: ClusterEntry;
  readonly #options: ExecPluginOptions;
  #status: Promise<Status> | undefined;

  constructor(entry: ExecEntry, cluster: ClusterEntry, options: ExecPluginOptions) {
    this.#entry = entry;
    this.#cluster = cluster;
    this.#options = options;
  }

  /** @throws {Error} naming the plug-in, and where it is missing, how its vendor says to install it. */
  async authenticate(options: RequestOptions): Promise<void> {
    const { token, clientCertificateData, clientKeyData } = await this.#current();
    if (token) {
      options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    }
    if (clientCertificateData && clientKeyData) {
      options.cert = clientCertificateData;
      options.key = clientKeyData;
    }
  }

  /** One plug-in runs at a time: it may be asking a person. */
  async #current(): Promise<Status> {
    const asked = this.#status ?? this.#ask();
    const status = await asked;
    if (!this.#isExpired(status)) {
      return status;
    }
    return this.#status === asked ? this.#ask() : this.#current();
  }

  #ask(): Promise<Status> {
    const asked = this.#run();
    this.#status = asked;
    // A failure is the caller's; the next call asks again.
    asked.catch(() => {
      this.#status = undefined;
    });
    return asked;
  }

  #isExpired({ expirationTimestamp }: Status): boolean {
    return (
      typeof expirationTimestamp === 'string' &&
      Date.parse(expirationTimestamp) <= this.#options.now().getTime()
    );
  }

  async #run(): Promise<Status> {
    const entry = this.#entry;
    const command = entry.command;
    if (!command) {
      throw new Error('the exec plug-in of the kubeconfig has no command');
    }
    const apiVersion = entry.apiVersion ?? '';
    if (!API_VERSIONS.includes(apiVersion)) {
      throw new Error(
        `the exec plug-in ${command} has apiVersion "${apiVersion}"; supported are ${API_VERSIONS.join(' and ')}`,
      );
    }
    const interactive = isInteractive(entry, apiVersion, command);
    const info = { kind: 'ExecCredential', apiVersion, spec: { interactive, ...this.#clusterInfo() } };
    using _prompt = interactive ? this.#options.onPrompt?.() : undefined;
    const output = await this.#output(command, interactive, JSON.stringify(info));
    return parseCredential(output, apiVersion, command);
  }

  #clusterInfo(): { readonly cluster?: object } {
    if (this.#entry.provideClusterInfo !== true) {
      return {};
    }
    const cluster = this.#cluster;
    const file = cluster['certificate-authority'];
    const authority = file ? readFileSync(file).toString('base64') : cluster['certificate-authority-data'];
    const extension = cluster.extensions?.find(({ name }) => name === CLUSTER_EXTENSION)?.extension;
    return {
      cluster: {
        server: cluster.server,
        ...(cluster['tls-server-name'] && { 'tls-server-name': cluster['tls-server-name'] }),
        ...(cluster['insecure-skip-tls-verify'] && { 'insecure-skip-tls-verify': true }),
        ...(authority && { 'certificate-authority-data': authority }),
        ...(cluster['proxy-url'] && { 'proxy-url': cluster['proxy-url'] }),
        config: extension ?? null,
      },
    };
  }

  #output(command: string, interactive: boolean, info: string): Promise<string> {
    const { args, env } = this.#entry;
    return new Promise((resolve, reject) => {
      const child = spawn(command, args ?? [], {
        env: {
          ...process.env,
          ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: info,
        },
        stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      });
      const chunks: Buffer[] = [];
      let bytes = 0;
      child.stdout.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_OUTPUT_BYTES) {
          child.kill();
          reject(new Error(`the exec plug-in ${command} printed more than ${MAX_OUTPUT_BYTES} bytes`));
        } else {
          chunks.push(chunk);
        }
      });
      child.once('error', (cause) => reject(this.#notStarted(command, cause)));
      child.once('close', (code, signal) =>
        code === 0
          ? resolve(Buffer.concat(chunks).toString('utf8'))
          : reject(new Error(`the exec plug-in ${command} failed with ${signal ?? `exit code ${code}`}`)),
      );
    });
  }

  #notStarted(command: string, cause: Error): Error {
    if (systemErrorCode(cause) !== 'ENOENT') {
      return new Error(`the exec plug-in ${command} can't be started: ${cause.message}`, { cause });
    }
    // One line, because that is what an error is shown on.
    const hint = this.#entry.installHint?.trim().replace(/\s+/g, ' ').slice(0, MAX_HINT_LENGTH);
    const advice = hint ? `How to install it: ${hint}` : 'Install it, or add its folder to PATH.';
    return new Error(`the exec plug-in ${command} is not installed. ${advice}`, { cause });
  }
}

function isInteractive(entry: ExecEntry, apiVersion: string, command: string): boolean {
  // v1 has no default; v1beta1 has.
  const mode = entry.interactiveMode || (apiVersion.endsWith('/v1beta1') ? 'IfAvailable' : '');
  if (!INTERACTIVE_MODES.includes(mode)) {
    throw new Error(
      `the exec plug-in ${command} needs an interactiveMode: ${INTERACTIVE_MODES.join(', ')}; it has "${mode}"`,
    );
  }
  const terminal = isatty(STDIN);
  if (mode === 'Always' && !terminal) {
    throw new Error(
      `the exec plug-in ${command} has interactiveMode Always, but standard input is no terminal`,
    );
  }
  return mode !== 'Never' && terminal;
}

function parseCredential(output: string, apiVersion: string, command: string): Status {
  let json: unknown;
  try {
    json = JSON.parse(output);
  } catch {
    // Not with the parser's message as cause: it quotes the output, which may hold a token.
    throw new Error(`the exec plug-in ${command} printed no JSON`);
  }
  const parsed = credential.safeParse(json);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new Error(`the exec plug-in ${command} printed no ExecCredential: ${at} is missing or wrong`);
  }
  const { apiVersion: printed, status } = parsed.data;
  if (printed !== apiVersion) {
    throw new Error(`the exec plug-in ${command} printed API version ${printed} in place of ${apiVersion}`);
  }
  if (Boolean(status.clientCertificateData) !== Boolean(status.clientKeyData)) {
    throw new Error(`the exec plug-in ${command} printed a certificate or a key, not both`);
  }
  if (!status.token && !status.clientCertificateData) {
    throw new Error(`the exec plug-in ${command} printed neither a token nor a certificate`);
  }
  return status;
}
