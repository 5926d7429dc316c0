import { accessSync, constants } from 'node:fs';
import { errorMessage, TerminalError } from '../../errors.ts';
import type { ClusterEntry, KubeconfigEntries, UserEntry } from './kubeconfig-file.ts';

/** One context of a kubeconfig, complete and without contradictions. */
export interface SelectedContext {
  readonly name: string;
  readonly cluster: ClusterEntry & { readonly server: string };
  readonly user: UserEntry;
  readonly namespace: string | undefined;
}

/**
 * The named context, else the current one. What contradicts itself is refused as kubectl refuses it: half an
 * identity would be another one.
 *
 * @throws {TerminalError} `InvalidInput`
 */
export function selectContext(entries: KubeconfigEntries, requested: string | undefined): SelectedContext {
  const name = requested ?? entries.currentContext;
  const known = [...entries.contexts.keys()].join(', ') || 'none';
  if (name === undefined) {
    throw invalid(`The kubeconfig sets no current-context. Choose one with --context. It has: ${known}.`);
  }
  const context = entries.contexts.get(name);
  if (context === undefined) {
    throw invalid(`The kubeconfig has no context "${name}". It has: ${known}.`);
  }
  const cluster = entries.clusters.get(context.cluster ?? '');
  if (cluster === undefined) {
    throw invalid(
      `The context "${name}" names the cluster "${context.cluster ?? ''}", which the kubeconfig lacks.`,
    );
  }
  const user = context.user ? entries.users.get(context.user) : {};
  if (user === undefined) {
    throw invalid(`The context "${name}" names the user "${context.user}", which the kubeconfig lacks.`);
  }
  const server = requireUsable(context.cluster ?? '', cluster);
  requireOneIdentity(context.user ?? '', user);
  return { name, cluster: { ...cluster, server }, user, namespace: context.namespace || undefined };
}

function requireUsable(name: string, cluster: ClusterEntry): string {
  const where = `The cluster "${name}" of the kubeconfig`;
  if (!cluster.server) {
    throw invalid(`${where} has no server.`);
  }
  const file = cluster['certificate-authority'];
  const data = cluster['certificate-authority-data'];
  if (file && data) {
    throw invalid(`${where} has both certificate-authority and certificate-authority-data. Remove one.`);
  }
  if (file) {
    requireReadable(file, `${where}: certificate-authority`);
  }
  if ((file || data) && cluster['insecure-skip-tls-verify']) {
    throw invalid(`${where} has a certificate authority and insecure-skip-tls-verify. Remove one.`);
  }
  const proxy = cluster['proxy-url'];
  if (proxy && !/^(https?|socks5):\/\/./.test(proxy)) {
    throw invalid(`${where} has a proxy-url that is none of http, https and socks5.`);
  }
  // Without a scheme kubectl speaks plain HTTP.
  const server = /^https?:\/\//i.test(cluster.server) ? cluster.server : `http://${cluster.server}`;
  if (!URL.canParse(server)) {
    throw invalid(`${where} has a server that is no URL: ${cluster.server}`);
  }
  return server;
}

function requireOneIdentity(name: string, user: UserEntry): void {
  const who = `The user "${name}" of the kubeconfig`;
  if (user.token && (user.username || user.password)) {
    throw invalid(`${who} has a token and a password. Remove one.`);
  }
  if (
    !user.as &&
    (user['as-uid'] || user['as-groups']?.length || Object.keys(user['as-user-extra'] ?? {}).length > 0)
  ) {
    throw invalid(`${who} impersonates a uid, groups or extra fields, but no user. Set "as".`);
  }
  requireKeyPair(who, user);
  if (user.exec && user['auth-provider']) {
    throw invalid(`${who} has an exec plug-in and an auth-provider. Remove one.`);
  }
  const provider = user['auth-provider']?.name;
  if (provider !== undefined && provider !== 'oidc') {
    throw invalid(
      `${who} uses the auth-provider "${provider}", which kubectl dropped in 1.26. Use the exec plug-in of your cloud.`,
    );
  }
}

function requireKeyPair(who: string, user: UserEntry): void {
  const certificate = user['client-certificate'];
  const key = user['client-key'];
  if (!certificate && !user['client-certificate-data']) {
    return;
  }
  if (certificate && user['client-certificate-data']) {
    throw invalid(`${who} has both client-certificate and client-certificate-data. Remove one.`);
  }
  if (key && user['client-key-data']) {
    throw invalid(`${who} has both client-key and client-key-data. Remove one.`);
  }
  if (!key && !user['client-key-data']) {
    throw invalid(`${who} has a client certificate but no client-key.`);
  }
  for (const [field, file] of [
    ['client-certificate', certificate],
    ['client-key', key],
  ] as const) {
    if (file) {
      requireReadable(file, `${who}: ${field}`);
    }
  }
}

function requireReadable(file: string, what: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    const reason = errorMessage(cause);
    throw new TerminalError('InvalidInput', `${what} can't be read: ${reason}.`, { cause });
  }
}

function invalid(message: string): TerminalError {
  return new TerminalError('InvalidInput', message);
}
