import type { RequestOptions } from 'node:https';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import type { Authenticator } from './authenticator.ts';
import { ExecPlugin, type ExecPluginOptions } from './exec-plugin.ts';
import type { UserEntry } from './kubeconfig-file.ts';
import type { SelectedContext } from './select-context.ts';
import { TokenFile } from './token-file.ts';

/**
 * The name under which our own authenticators hang on a user, so that client-node's built-in ones pass it by.
 */
const AUTHENTICATOR = 'tuf-recovery';

/**
 * client-node's configuration of one cluster and user, with what kubectl does and client-node does not: token
 * files of a kubeconfig, exec plug-ins by the protocol, and a whole impersonated identity. Without a
 * selection it is empty, to be loaded from the pod.
 */
export class ClusterConfig extends KubeConfig {
  readonly #impersonation: Readonly<Record<string, string | string[]>>;

  constructor(options: ExecPluginOptions, selected?: SelectedContext) {
    super();
    this.#impersonation = selected === undefined ? {} : impersonationHeaders(selected.user);
    if (selected === undefined) {
      return;
    }
    const { name, namespace } = selected;
    const authenticator = authenticatorOf(selected, options);
    if (authenticator !== undefined) {
      this.addAuthenticator({
        isAuthProvider: (user) => user.authProvider?.name === AUTHENTICATOR,
        applyAuthentication: (_user, options) => authenticator.authenticate(options),
      });
    }
    this.loadFromOptions({
      clusters: [clusterOf(selected)],
      users: [userOf(selected, authenticator !== undefined)],
      contexts: [{ name, cluster: name, user: name, ...(namespace !== undefined && { namespace }) }],
      currentContext: name,
    });
  }

  /** The namespace where none is named. */
  get namespace(): string {
    return this.getContextObject(this.getCurrentContext())?.namespace || 'default';
  }

  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    await super.applyToHTTPSOptions(options);
    options.headers = { ...options.headers, ...this.#impersonation };
  }
}

function isPlain({ cluster }: SelectedContext): boolean {
  return cluster.server.toLowerCase().startsWith('http:');
}

function clusterOf(selected: SelectedContext): Cluster {
  const { name, cluster } = selected;
  const { 'tls-server-name': tlsServerName, 'proxy-url': proxyUrl } = cluster;
  return {
    name,
    server: cluster.server.replace(/\/+$/, ''),
    // client-node wants this said before it talks plain HTTP, where it means nothing.
    skipTLSVerify: isPlain(selected) || cluster['insecure-skip-tls-verify'] === true,
    ...(cluster['certificate-authority'] && { caFile: cluster['certificate-authority'] }),
    ...(cluster['certificate-authority-data'] && { caData: cluster['certificate-authority-data'] }),
    ...(tlsServerName && { tlsServerName }),
    ...(proxyUrl && { proxyUrl }),
  };
}

/**
 * kubectl sends no credentials over plain HTTP. The user exists all the same: client-node ignores the CA
 * without one.
 */
function userOf(selected: SelectedContext, hasAuthenticator: boolean): User {
  const { name, user } = selected;
  if (isPlain(selected)) {
    return { name };
  }
  return {
    name,
    ...(user['client-certificate'] && { certFile: user['client-certificate'] }),
    ...(user['client-certificate-data'] && { certData: user['client-certificate-data'] }),
    ...(user['client-key'] && { keyFile: user['client-key'] }),
    ...(user['client-key-data'] && { keyData: user['client-key-data'] }),
    ...(user.username && { username: user.username, password: user.password ?? '' }),
    ...(hasAuthenticator ? { authProvider: { name: AUTHENTICATOR } } : staticToken(user)),
  };
}

function staticToken(user: UserEntry): Partial<User> {
  if (user.token) {
    return { token: user.token };
  }
  return user['auth-provider'] ? { authProvider: user['auth-provider'] } : {};
}

/** A plug-in is asked only where nothing else identifies the user (client-go plugin/pkg/client/auth/exec). */
function authenticatorOf(selected: SelectedContext, options: ExecPluginOptions): Authenticator | undefined {
  const { cluster, user } = selected;
  if (isPlain(selected)) {
    return undefined;
  }
  if (user.tokenFile) {
    return new TokenFile(user.tokenFile, user.token || undefined);
  }
  const identified =
    user.token || user.username || user['client-certificate'] || user['client-certificate-data'];
  return user.exec && !identified ? new ExecPlugin(user.exec, cluster, options) : undefined;
}

function impersonationHeaders(user: UserEntry): Readonly<Record<string, string | string[]>> {
  if (!user.as) {
    return {};
  }
  const extra = Object.entries(user['as-user-extra'] ?? {}).map(
    ([key, values]) => [`Impersonate-Extra-${encodeURIComponent(key)}`, values] as const,
  );
  return {
    'Impersonate-User': user.as,
    ...(user['as-uid'] && { 'Impersonate-Uid': user['as-uid'] }),
    ...(user['as-groups']?.length && { 'Impersonate-Group': user['as-groups'] }),
    ...Object.fromEntries(extra),
  };
}
