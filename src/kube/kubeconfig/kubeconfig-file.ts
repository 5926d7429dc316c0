import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { errorMessage, systemErrorCode, TerminalError } from '../../errors.ts';

/** A kubeconfig of thousands of clusters stays far below this; a larger file is something else. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

const text = z.string().nullish();
const flag = z.boolean().nullish();
const texts = z.array(z.string()).nullish();
/** What `[]byte` is in JSON and YAML. */
const base64 = z.base64().nullish();

const cluster = z.looseObject({
  server: text,
  'certificate-authority': text,
  'certificate-authority-data': base64,
  'insecure-skip-tls-verify': flag,
  'tls-server-name': text,
  'proxy-url': text,
  extensions: z.array(z.looseObject({ name: z.string(), extension: z.unknown() })).nullish(),
});

const exec = z.looseObject({
  apiVersion: text,
  command: text,
  args: texts,
  env: z.array(z.looseObject({ name: z.string(), value: z.string().default('') })).nullish(),
  installHint: text,
  provideClusterInfo: flag,
  interactiveMode: text,
});

const user = z.looseObject({
  'client-certificate': text,
  'client-certificate-data': base64,
  'client-key': text,
  'client-key-data': base64,
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  as: text,
  'as-uid': text,
  'as-groups': texts,
  'as-user-extra': z.record(z.string(), z.array(z.string())).nullish(),
  exec: exec.nullish(),
  'auth-provider': z
    .looseObject({ name: z.string(), config: z.record(z.string(), z.string()).nullish() })
    .nullish(),
});

const context = z.looseObject({ cluster: text, user: text, namespace: text });

const kubeconfig = z.looseObject({
  apiVersion: z.literal('v1').nullish(),
  kind: z.literal('Config').nullish(),
  'current-context': text,
  clusters: z.array(z.looseObject({ name: z.string(), cluster: cluster.nullish() })).nullish(),
  users: z.array(z.looseObject({ name: z.string(), user: user.nullish() })).nullish(),
  contexts: z.array(z.looseObject({ name: z.string(), context: context.nullish() })).nullish(),
});

/** How to reach one API server, as the kubeconfig spells it. Paths are absolute. */
export type ClusterEntry = z.infer<typeof cluster>;
/** Who asks, as the kubeconfig spells it. Paths are absolute. */
export type UserEntry = z.infer<typeof user>;
/** A credential plug-in, as the kubeconfig spells it. */
export type ExecEntry = z.infer<typeof exec>;
/** A pair of cluster and user. */
export type ContextEntry = z.infer<typeof context>;

/** The content of one or several kubeconfig files, by name. */
export interface KubeconfigEntries {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, ClusterEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  readonly contexts: ReadonlyMap<string, ContextEntry>;
}

/**
 * Reads one kubeconfig file. A relative path in it is relative to the file's folder; so is an exec command,
 * unless it is a bare name for the search path. An empty file is an empty configuration.
 *
 * @returns undefined when the file does not exist.
 * @throws {TerminalError} `InvalidInput` when it can't be read or is no kubeconfig.
 */
export function readKubeconfigFile(path: string): KubeconfigEntries | undefined {
  const content = readText(path);
  if (content === undefined) {
    return undefined;
  }
  const parsed = kubeconfig.safeParse(parseYAML(path, content) ?? {});
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    throw invalid(path, `${first?.path.join('.') ?? ''}: ${first?.message ?? 'no kubeconfig'}`);
  }
  const { data } = parsed;
  const folder = resolve(dirname(path));
  return {
    currentContext: data['current-context'] || undefined,
    clusters: byName(path, 'cluster', data.clusters ?? [], (entry) =>
      withClusterPaths(folder, entry.cluster ?? {}),
    ),
    users: byName(path, 'user', data.users ?? [], (entry) => withUserPaths(folder, entry.user ?? {})),
    contexts: byName(path, 'context', data.contexts ?? [], (entry) => entry.context ?? {}),
  };
}

function readText(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') {
      return undefined;
    }
    throw invalid(path, errorMessage(cause), cause);
  }
  try {
    if (fstatSync(descriptor).size > MAX_FILE_BYTES) {
      throw invalid(path, `it is larger than ${MAX_FILE_BYTES} bytes`);
    }
    return readFileSync(descriptor, 'utf8');
  } catch (cause) {
    throw cause instanceof TerminalError ? cause : invalid(path, errorMessage(cause), cause);
  } finally {
    closeSync(descriptor);
  }
}

function parseYAML(path: string, content: string): unknown {
  try {
    return parse(content);
  } catch (cause) {
    // The parser's message quotes the line, which may hold a token: only its place is repeated.
    const place = /at line \d+, column \d+/.exec(errorMessage(cause))?.[0];
    throw invalid(path, `it is not valid YAML${place === undefined ? '' : ` ${place}`}`);
  }
}

function byName<Named extends { readonly name: string }, Entry>(
  path: string,
  kind: string,
  list: readonly Named[],
  entryOf: (named: Named) => Entry,
): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const named of list) {
    if (entries.has(named.name)) {
      throw invalid(path, `it has two ${kind}s named "${named.name}"`);
    }
    entries.set(named.name, entryOf(named));
  }
  return entries;
}

function withClusterPaths(folder: string, entry: ClusterEntry): ClusterEntry {
  return { ...entry, 'certificate-authority': absolute(folder, entry['certificate-authority']) };
}

function withUserPaths(folder: string, entry: UserEntry): UserEntry {
  return {
    ...entry,
    'client-certificate': absolute(folder, entry['client-certificate']),
    'client-key': absolute(folder, entry['client-key']),
    tokenFile: absolute(folder, entry.tokenFile),
    ...(entry.exec?.command?.includes('/') && {
      exec: { ...entry.exec, command: absolute(folder, entry.exec.command) },
    }),
  };
}

function absolute(folder: string, path: string | null | undefined): string | undefined {
  if (path === null || path === undefined || path === '') {
    return undefined;
  }
  return isAbsolute(path) ? path : join(folder, path);
}

function invalid(path: string, reason: string, cause?: unknown): TerminalError {
  return new TerminalError('InvalidInput', `The kubeconfig ${path} can't be read: ${reason}.`, { cause });
}
