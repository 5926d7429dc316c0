import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asset } from '../harness/assets.ts';
import { type Certificate, type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../harness/forward-proxy.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

/** What an API server sees of one question for runs. */
interface Seen {
  readonly server: 'tls' | 'plain';
  readonly path: string;
  readonly servername: string | false | null;
  readonly certificate: string | undefined;
  readonly identity: readonly string[];
  readonly proxied: boolean;
}

const GROUP = 'tuf-recovery.dev';
const LISTS = new RegExp(`/apis/${GROUP}/v1alpha1/namespaces/[^/]+/bootstraprecoveries$`);
const IDENTITY = /^(authorization|impersonate-.*)$/i;

/** One API server that notes who asks for runs, once with and once without TLS. */
class RecordingAPI {
  readonly seen: Seen[] = [];
  readonly #close: (() => void)[] = [];
  tls = '';
  plain = '';

  async start(authority: CertificateAuthority, serving: Certificate): Promise<void> {
    const { certificate: cert, key } = serving;
    const options = { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
    const port = await this.#listen(
      createServer(options, (request, response) => this.#answer('tls', request, response)),
    );
    this.tls = `https://127.0.0.1:${port}`;
    const plain = await this.#listen(
      createPlainServer((request, response) => this.#answer('plain', request, response)),
    );
    this.plain = `http://127.0.0.1:${plain}`;
  }

  close(): void {
    for (const close of this.#close) {
      close();
    }
  }

  async #listen(server: ReturnType<typeof createPlainServer>): Promise<number> {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#close.push(() => {
      server.closeAllConnections();
      server.close();
    });
    // A server that listens on TCP has an address with a port.
    return (server.address() as AddressInfo).port;
  }

  #answer(server: Seen['server'], request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '', 'http://x').pathname;
    if (LISTS.test(path)) {
      const socket = request.socket as Partial<TLSSocket>;
      const subject = socket.getPeerCertificate?.()?.subject;
      this.seen.push({
        server,
        path,
        servername: socket.servername ?? null,
        certificate: subject === undefined ? undefined : String(subject.CN),
        identity: identityOf(request.rawHeaders),
        proxied: proxy.carries(request.socket.remotePort),
      });
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(documentAt(path)));
  }
}

function identityOf(raw: readonly string[]): string[] {
  const found: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] ?? '';
    if (IDENTITY.test(name)) {
      found.push(`${name.toLowerCase()}: ${raw[index + 1]}`);
    }
  }
  return found.sort();
}

/** As much of discovery as kubectl asks for before it lists. */
function documentAt(path: string): object {
  const version = { groupVersion: `${GROUP}/v1alpha1`, version: 'v1alpha1' };
  if (path.endsWith('/apis')) {
    const group = { name: GROUP, versions: [version], preferredVersion: version };
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: [group] };
  }
  if (path.endsWith('/api')) {
    return { kind: 'APIVersions', versions: ['v1'] };
  }
  if (path.endsWith(`/apis/${GROUP}/v1alpha1`)) {
    const resource = {
      name: 'bootstraprecoveries',
      kind: 'BootstrapRecovery',
      namespaced: true,
      verbs: ['list', 'get'],
    };
    return { kind: 'APIResourceList', groupVersion: version.groupVersion, resources: [resource] };
  }
  if (path.endsWith('/api/v1')) {
    return { kind: 'APIResourceList', groupVersion: 'v1', resources: [] };
  }
  return {
    kind: 'BootstrapRecoveryList',
    apiVersion: `${GROUP}/v1alpha1`,
    metadata: { resourceVersion: '1' },
    items: [],
  };
}

const api = new RecordingAPI();
let proxy: ForwardProxy;
let folder: TemporaryDirectory;
let authority: CertificateAuthority;
let intermediate: CertificateAuthority;
let serving: Certificate;
let client: Certificate;

beforeAll(async () => {
  folder = await temporaryDirectory('kubeconfigs');
  authority = await createAuthority();
  proxy = await startForwardProxy();
  intermediate = await authority.intermediate('intermediate');
  serving = await intermediate.issue('server', ['127.0.0.1', 'api.example.com']);
  await api.start(authority, serving);
  client = await authority.issue('carol');
});

afterAll(async () => {
  api.close();
  await proxy?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

interface Entries {
  readonly cluster?: object;
  readonly user?: object;
  readonly context?: object;
}

/** A kubeconfig of one cluster, user and context, all named `c`. */
function kubeconfig({ cluster, user, context }: Entries = {}, rest: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [
      {
        name: 'c',
        cluster: { server: api.tls, 'certificate-authority-data': base64(authority.certificate), ...cluster },
      },
    ],
    users: [{ name: 'c', user: { token: 'secret', ...user } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c', ...context } }],
    ...rest,
  };
}

const withoutToken = { token: undefined };

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Who prints an ExecCredential: a program of the folder, with its output. */
async function plugin(
  name: string,
  status: object,
  apiVersion = 'client.authentication.k8s.io/v1',
): Promise<void> {
  const credential = { apiVersion, kind: 'ExecCredential', status };
  const script = `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO" >"$0.info"\nprintf %s '${JSON.stringify(credential)}'\n`;
  await mkdir(dirname(join(folder.path, name)), { recursive: true });
  await writeFile(join(folder.path, name), script);
  await chmod(join(folder.path, name), 0o755);
}

const exec = (entry: object): object => ({
  ...withoutToken,
  exec: { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never', ...entry },
});

interface Case {
  readonly name: string;
  /** Prepares files in the folder and says what $KUBECONFIG is, relative to it. */
  readonly files: () =>
    | Promise<Readonly<Record<string, string | object>>>
    | Readonly<Record<string, string | object>>;
  readonly kubeconfig?: string;
  readonly env?: () => Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

const one = (name: string, entries: () => Entries, rest: Omit<Case, 'name' | 'files'> = {}): Case => ({
  name,
  files: () => ({ config: kubeconfig(entries()) }),
  ...rest,
});

const plainNamed = (): Entries => ({
  cluster: {
    server: `http://api.example.com:${new URL(api.plain).port}`,
    'certificate-authority-data': undefined,
  },
});

/** A server under a name that only the proxy resolves. */
const named = (): Entries => ({ cluster: { server: `https://api.example.com:${new URL(api.tls).port}` } });

const CERTIFICATE_END = '-----END CERTIFICATE-----\n';

/** A token of an identity provider that counts for another hour; kubectl reads its expiry only. */
function idToken(): string {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  return [part({ alg: 'none' }), part({ exp: Math.floor(Date.now() / 1000) + 3600 }), 'x'].join('.');
}

const ID_TOKEN = idToken();

const CASES: readonly Case[] = [
  one('a token', () => ({})),
  one('a namespace of the context', () => ({ context: { namespace: 'team' } })),
  one('--namespace', () => ({ context: { namespace: 'team' } }), { flags: ['--namespace', 'other'] }),
  one('an unknown --context', () => ({}), { flags: ['--context', 'x'] }),
  {
    name: '--context',
    files: () => ({
      config: kubeconfig(
        {},
        {
          contexts: [
            { name: 'c', context: { cluster: 'none' } },
            { name: 'd', context: { cluster: 'c', user: 'c', namespace: 'd' } },
          ],
        },
      ),
    }),
    flags: ['--context', 'd'],
  },
  one('an authority as a file', () => ({
    cluster: { 'certificate-authority-data': undefined, 'certificate-authority': authority.certificateFile },
  })),
  one('an intermediate as authority', () => ({
    cluster: { 'certificate-authority-data': base64(intermediate.certificate) },
  })),
  one("the server's own certificate as authority", () => ({
    cluster: {
      'certificate-authority-data': base64(serving.certificate.split('-----END')[0] + CERTIFICATE_END),
    },
  })),
  {
    name: 'paths relative to the file',
    files: async () => {
      await mkdir(join(folder.path, 'deep'), { recursive: true });
      return {
        'deep/ca.crt': authority.certificate,
        'deep/token': 'from-file\n',
        'deep/config': kubeconfig({
          cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' },
          user: { ...withoutToken, tokenFile: 'token' },
        }),
      };
    },
    kubeconfig: 'deep/config',
  },
  one('an authority that is missing', () => ({
    cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'gone.crt' },
  })),
  one('two authorities', () => ({ cluster: { 'certificate-authority': authority.certificateFile } })),
  one('an authority and insecure-skip-tls-verify', () => ({ cluster: { 'insecure-skip-tls-verify': true } })),
  one('insecure-skip-tls-verify', () => ({
    cluster: { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true },
  })),
  one('no authority', () => ({ cluster: { 'certificate-authority-data': undefined } })),
  one('tls-server-name', () => ({ cluster: { 'tls-server-name': 'api.example.com' } })),
  one('a wrong tls-server-name', () => ({ cluster: { 'tls-server-name': 'other.example.com' } })),
  one('a path in the server', () => ({ cluster: { server: `${api.tls}/k8s/clusters/c-1/` } })),
  one('plain HTTP, as of kubectl proxy', () => ({
    cluster: { server: api.plain, 'certificate-authority-data': undefined },
  })),
  one('a server without a scheme', () => ({
    cluster: { server: new URL(api.plain).host, 'certificate-authority-data': undefined },
  })),
  one('no server', () => ({ cluster: { server: undefined } })),
  one('proxy-url', () => ({ cluster: { 'proxy-url': proxy.url } })),
  one('HTTPS_PROXY', named, { env: () => ({ HTTPS_PROXY: proxy.url }) }),
  one('https_proxy', named, { env: () => ({ https_proxy: proxy.url }) }),
  one('HTTPS_PROXY and a NO_PROXY that names the server', named, {
    env: () => ({ HTTPS_PROXY: proxy.url, NO_PROXY: '.example.com' }),
  }),
  one('HTTPS_PROXY and a loopback server, which is never asked through it', () => ({}), {
    env: () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
  }),
  one('HTTP_PROXY, which is not for a TLS server', () => ({}), { env: () => ({ HTTP_PROXY: proxy.url }) }),
  one(
    'HTTPS_PROXY and a proxy-url, which wins',
    () => ({ cluster: { ...named().cluster, 'proxy-url': proxy.url } }),
    {
      env: () => ({ HTTPS_PROXY: 'http://127.0.0.1:1' }),
    },
  ),
  one('HTTP_PROXY and a plain server', () => plainNamed(), { env: () => ({ HTTP_PROXY: proxy.url }) }),
  one('HTTPS_PROXY and a NO_PROXY of another port', named, {
    env: () => ({ HTTPS_PROXY: proxy.url, NO_PROXY: 'api.example.com:1' }),
  }),
  one('a proxy that is no URL', named, { env: () => ({ HTTPS_PROXY: 'http://[' }) }),
  one('a proxy-url of another kind', () => ({ cluster: { 'proxy-url': 'ftp://127.0.0.1:1' } })),
  one('a client certificate', () => ({
    user: {
      ...withoutToken,
      'client-certificate-data': base64(client.certificate),
      'client-key-data': base64(client.key),
    },
  })),
  one('a client certificate as files', () => ({
    user: { ...withoutToken, 'client-certificate': client.certificateFile, 'client-key': client.keyFile },
  })),
  one('a client certificate without its key', () => ({
    user: { ...withoutToken, 'client-certificate-data': base64(client.certificate) },
  })),
  one('a client certificate twice', () => ({
    user: {
      ...withoutToken,
      'client-certificate': client.certificateFile,
      'client-certificate-data': base64(client.certificate),
      'client-key': client.keyFile,
    },
  })),
  one('user name and password', () => ({ user: { ...withoutToken, username: 'u', password: 'p' } })),
  one('a token and a password', () => ({ user: { username: 'u', password: 'p' } })),
  {
    name: 'a token file wins over a token',
    files: () => ({ token: 'newer', config: kubeconfig({ user: { tokenFile: 'token' } }) }),
  },
  one('a token file that is missing, beside a token', () => ({ user: { tokenFile: 'gone' } })),
  one('a token file that is missing', () => ({ user: { ...withoutToken, tokenFile: 'gone' } })),
  one('impersonation of a user', () => ({ user: { as: 'eve' } })),
  one('impersonation with uid, groups and extra', () => ({
    user: {
      as: 'eve',
      'as-uid': '42',
      'as-groups': ['a', 'b'],
      'as-user-extra': { scopes: ['x', 'y'], 'example.com/reason': ['z'] },
    },
  })),
  one('impersonation of groups without a user', () => ({ user: { 'as-groups': ['a'] } })),
  one('impersonation of a uid without a user', () => ({ user: { 'as-uid': '42' } })),
  {
    name: 'an exec plug-in, relative to the file, with a token',
    files: async () => {
      await plugin('bin/login', { token: 'from-plugin' });
      return { config: kubeconfig({ user: exec({ command: './bin/login', provideClusterInfo: true }) }) };
    },
  },
  {
    name: 'an exec plug-in on the search path, with a certificate',
    files: async () => {
      await plugin('bin/cert-login', {
        clientCertificateData: client.certificate,
        clientKeyData: client.key,
      });
      return { config: kubeconfig({ user: exec({ command: 'cert-login' }) }) };
    },
    env: () => ({ PATH: `${join(folder.path, 'bin')}:${process.env['PATH']}` }),
  },
  {
    name: 'an exec plug-in beside a token',
    files: async () => {
      await plugin('bin/login', { token: 'from-plugin' });
      return { config: kubeconfig({ user: { ...exec({ command: './bin/login' }), token: 'static' } }) };
    },
  },
  {
    name: 'an exec plug-in of v1beta1 without interactiveMode',
    files: async () => {
      await plugin('bin/beta', { token: 'beta' }, 'client.authentication.k8s.io/v1beta1');
      const entry = {
        command: './bin/beta',
        apiVersion: 'client.authentication.k8s.io/v1beta1',
        interactiveMode: undefined,
      };
      return { config: kubeconfig({ user: exec(entry) }) };
    },
  },
  {
    name: 'an exec plug-in of v1 without interactiveMode',
    files: async () => {
      await plugin('bin/login', { token: 'from-plugin' });
      return { config: kubeconfig({ user: exec({ command: './bin/login', interactiveMode: undefined }) }) };
    },
  },
  {
    name: 'an exec plug-in that prints another API version',
    files: async () => {
      await plugin('bin/beta', { token: 'beta' }, 'client.authentication.k8s.io/v1beta1');
      return { config: kubeconfig({ user: exec({ command: './bin/beta' }) }) };
    },
  },
  {
    name: 'an exec plug-in of v1alpha1',
    files: async () => {
      await plugin('bin/alpha', { token: 'alpha' }, 'client.authentication.k8s.io/v1alpha1');
      return {
        config: kubeconfig({
          user: exec({ command: './bin/alpha', apiVersion: 'client.authentication.k8s.io/v1alpha1' }),
        }),
      };
    },
  },
  one('an exec plug-in that is not installed', () => ({
    user: exec({ command: 'no-such-login', installHint: 'apt install it' }),
  })),
  one('an exec plug-in that fails', () => ({ user: exec({ command: 'false' }) })),
  one('an exec plug-in that needs a terminal', () => ({
    user: exec({ command: 'true', interactiveMode: 'Always' }),
  })),
  {
    name: 'an exec plug-in with arguments and variables of its own',
    files: async () => {
      const script = `#!/bin/sh\nprintf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s-%s"}}' "$1" "$OF_PLUGIN"\n`;
      await mkdir(join(folder.path, 'bin'), { recursive: true });
      await writeFile(join(folder.path, 'bin/args'), script);
      await chmod(join(folder.path, 'bin/args'), 0o755);
      const entry = { command: 'bin/args', args: ['one'], env: [{ name: 'OF_PLUGIN', value: 'two' }] };
      return { config: kubeconfig({ user: exec(entry) }) };
    },
  },
  {
    name: 'an exec plug-in whose credentials are expired',
    files: async () => {
      await plugin('bin/expired', { token: 'expired', expirationTimestamp: '2020-01-01T00:00:00Z' });
      return { config: kubeconfig({ user: exec({ command: './bin/expired' }) }) };
    },
  },
  one('a token of an OIDC provider', () => ({
    user: {
      ...withoutToken,
      'auth-provider': {
        name: 'oidc',
        config: { 'idp-issuer-url': 'https://127.0.0.1:1', 'client-id': 'c', 'id-token': ID_TOKEN },
      },
    },
  })),
  one('a context without a cluster', () => ({ context: { cluster: undefined } })),
  one('a user name without a password', () => ({ user: { ...withoutToken, username: 'u' } })),
  one('an empty namespace', () => ({ context: { namespace: '' } })),
  {
    name: 'a folder in place of a file',
    files: async () => {
      await mkdir(join(folder.path, 'directory'), { recursive: true });
      return { config: kubeconfig() };
    },
    kubeconfig: 'directory:config',
  },
  {
    name: 'a file that begins with a byte order mark and has Windows line ends',
    files: () => ({ config: `\uFEFF${JSON.stringify(kubeconfig(), null, 1).replaceAll('\n', '\r\n')}` }),
  },
  one('an auth-provider that kubectl dropped', () => ({
    user: { ...withoutToken, 'auth-provider': { name: 'gcp' } },
  })),
  one('a user that is not there', () => ({ context: { user: 'nobody' } })),
  one('a cluster that is not there', () => ({ context: { cluster: 'gone' } })),
  { name: 'no current-context', files: () => ({ config: kubeconfig({}, { 'current-context': '' }) }) },
  {
    name: 'a list with missing and empty files',
    files: () => ({ config: kubeconfig(), empty: '' }),
    kubeconfig: 'gone:empty:config',
  },
  {
    name: 'a list in which names repeat: the first definition and the first current-context win',
    files: () => ({
      config: kubeconfig({ user: { token: 'first' }, context: { namespace: 'first' } }),
      later: kubeconfig(
        { user: { token: 'second', as: 'eve' }, context: { namespace: 'second' } },
        { 'current-context': 'x' },
      ),
    }),
    kubeconfig: 'config:later',
  },
  {
    name: 'a list whose parts lie in several files',
    files: () => ({
      config: { apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
      later: kubeconfig({}, { 'current-context': 'x' }),
    }),
    kubeconfig: 'config:later',
  },
  {
    name: 'a list with a broken file',
    files: () => ({ config: kubeconfig(), broken: '{{{' }),
    kubeconfig: 'broken:config',
  },
  {
    name: 'a name twice in one file',
    files: () => ({
      config: kubeconfig(
        {},
        {
          users: [
            { name: 'c', user: { token: 'a' } },
            { name: 'c', user: { token: 'b' } },
          ],
        },
      ),
    }),
  },
  { name: 'another kind of object', files: () => ({ config: { apiVersion: 'v1', kind: 'Secret' } }) },
  {
    name: 'an authority that is no base64',
    files: () => ({ config: kubeconfig({ cluster: { 'certificate-authority-data': '***' } }) }),
  },
  {
    name: 'unknown fields',
    files: () => ({
      config: kubeconfig({ cluster: { extra: 1 }, user: { more: 'x' } }, { preferences: {}, newer: [] }),
    }),
  },
];

/** As a cluster keeps settings for its plug-in. */
const EXTENSIONS = [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'a', more: [1] } }];
const INSECURE = { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true };

interface Outcome {
  readonly failed: boolean;
  readonly seen: Seen | undefined;
  readonly text: string;
}

async function outcomeOf(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  api.seen.length = 0;
  const { failed, text } = await new Promise<{ failed: boolean; text: string }>((resolve) => {
    const child = execFile(command, [...args], { env, cwd: '/' }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, text: stdout + stderr }),
    );
    child.stdin?.end();
  });
  return { failed, seen: api.seen.at(-1), text };
}

describe('a kubeconfig', () => {
  test.each(CASES)(
    'with $name is read as kubectl reads it',
    async ({ files, kubeconfig: list = 'config', env, flags = [] }) => {
      for (const [name, content] of Object.entries(await files())) {
        // JSON is YAML.
        await writeFile(
          join(folder.path, name),
          typeof content === 'string' ? content : JSON.stringify(content),
        );
      }
      const variables = {
        PATH: process.env['PATH'] ?? '',
        HOME: folder.path,
        KUBECONFIG: list
          .split(':')
          .map((name) => join(folder.path, name))
          .join(':'),
        ...env?.(),
      };
      const question = [
        'get',
        `bootstraprecoveries.v1alpha1.${GROUP}`,
        `--cache-dir=${join(folder.path, 'cache')}`,
      ];
      const theirs = await outcomeOf(asset('kubectl'), [...question, ...flags], variables);
      const ours = await outcomeOf(LAUNCHER, ['status', ...flags], variables);
      expect({ failed: ours.failed, seen: ours.seen }, `kubectl: ${theirs.text}\nwe: ${ours.text}`).toEqual({
        failed: theirs.failed,
        seen: theirs.seen,
      });
      expect(ours.text).not.toMatch(/internal error|at .*\.ts:\d+/);
    },
  );

  test.each([
    ['of which it is to know nothing', {}, {}],
    [
      'with all that a plug-in may know',
      { provideClusterInfo: true },
      { 'tls-server-name': 'api.example.com' },
    ],
    ['with what it keeps for plug-ins', { provideClusterInfo: true }, { extensions: EXTENSIONS }],
    ['without an authority', { provideClusterInfo: true }, INSECURE],
  ])('tells an exec plug-in of a cluster %s what kubectl tells it', async (_what, entry, cluster) => {
    await plugin('bin/informed', { token: 'from-plugin' });
    const user = exec({ command: './bin/informed', ...entry });
    await writeFile(join(folder.path, 'config'), JSON.stringify(kubeconfig({ user, cluster })));
    const received = async (command: string, args: readonly string[]): Promise<unknown> => {
      await outcomeOf(command, args, environmentWith('config'));
      const info: unknown = JSON.parse(await readFile(join(folder.path, 'bin/informed.info'), 'utf8'));
      await rm(join(folder.path, 'bin/informed.info'));
      return info;
    };
    const theirs = await received(asset('kubectl'), ['get', '--raw', '/apis']);
    expect(theirs).toMatchObject({ kind: 'ExecCredential', spec: { interactive: false } });
    expect(await received(LAUNCHER, ['status'])).toEqual(theirs);
  });

  test('shows how to install a plug-in that is missing', async () => {
    await writeFile(
      join(folder.path, 'config'),
      JSON.stringify(kubeconfig({ user: exec({ command: 'no-such-login', installHint: 'apt install it' }) })),
    );
    const { text } = await outcomeOf(LAUNCHER, ['status'], environmentWith('config'));
    expect(text).toMatch(/exec plug-in no-such-login is not installed. How to install it: apt install it/);
  });

  test('that does not exist is reported, with where it was expected', async () => {
    const { KUBECONFIG: _, ...env } = environmentWith('config');
    const { text } = await outcomeOf(LAUNCHER, ['status'], { ...env, HOME: '/nonexistent' });
    expect(text).toContain('Neither $KUBECONFIG nor ~/.kube/config exists');
  });

  test('is not quoted in an error: it may hold a token', async () => {
    await writeFile(join(folder.path, 'config'), 'users: [{name: c, user: {token: hunter2]');
    const { text } = await outcomeOf(LAUNCHER, ['status'], environmentWith('config'));
    expect(text).toContain('is not valid YAML');
    expect(text).not.toContain('hunter2');
  });
});

function environmentWith(file: string): Readonly<Record<string, string>> & { readonly KUBECONFIG: string } {
  return { PATH: process.env['PATH'] ?? '', HOME: folder.path, KUBECONFIG: join(folder.path, file) };
}
