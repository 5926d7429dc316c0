import { createHash } from 'node:crypto';
import { parseEnv } from 'node:util';
import { recoveryTargets } from '../../../api/resources.ts';
import { assertRoot } from '../../../controllers/recoverytarget/root.ts';
import { TerminalError } from '../../../errors.ts';
import { secrets } from '../../../kube/client/secret-or-config-map.ts';
import type { CommandContext } from '../../context.ts';
import { type ExitCode, exitCodes } from '../../exit-codes.ts';
import { readEnvironment } from '../../options/env.ts';
import { readInputFile, readInputText } from '../../options/input-file.ts';
import { readRedisEndpoint } from '../../options/redis-options.ts';
import { readS3Access } from '../../options/storage-options.ts';
import { type OutputFlags, writeResult } from '../../output/output.ts';
import { type AppName, parseAppName } from '../app-name.ts';
import { clusterCommand } from '../cluster-command.ts';
import { type ClusterConnection, type ClusterFlags, loadClusterConfig } from '../connection.ts';
import { type SecretManifest, type TargetManifest, type TargetParts, targetManifests } from './manifests.ts';

/** Flags of `target create`. */
export interface CreateTargetFlags extends ClusterFlags, OutputFlags {
  readonly envFile?: string;
  readonly root: string;
  readonly app?: readonly string[];
  readonly readOnly?: true;
  readonly dryRun?: true;
  readonly yes?: true;
}

const fieldManager = 'kubectl-tuf-recovery';

/**
 * `target create NAME`: the RecoveryTarget and the Secrets that the server's own configuration describes.
 * What will be applied is shown first; nothing is applied over what belongs to another tool.
 */
export async function createTargetCommand(
  name: string,
  flags: CreateTargetFlags,
  context: CommandContext,
): Promise<void> {
  const readParts = await partsOf(name, flags, context);
  if (flags.dryRun === true) {
    // Needs no cluster: the namespace is the flag's or the kubeconfig's.
    const namespace = flags.namespace ?? loadClusterConfig(flags).namespace;
    await showManifests(targetManifests({ ...readParts, namespace }), true, flags, context);
    return;
  }
  await clusterCommand(context, flags, async (connection) => {
    const manifests = targetManifests({ ...readParts, namespace: connection.namespace });
    return await confirmAndApply(connection, manifests, flags, context);
  });
}

async function partsOf(
  name: string,
  flags: CreateTargetFlags,
  context: CommandContext,
): Promise<Omit<TargetParts, 'namespace'>> {
  const env = flags.envFile === undefined ? context.env : await environmentIn(flags.envFile);
  const apps = (flags.app ?? []).map((app): AppName => parseAppName(app));
  const rootSHA256 = await digestOfRoot(flags.root);
  const redis = await readRedisEndpoint({}, env.redis);
  if (redis.tls?.cert !== undefined) {
    throw new TerminalError(
      'InvalidInput',
      'REDIS_CERT_FILE: create the Secret of the client certificate with kubectl create secret tls, and name it in ' +
        'spec.redis.tls.certSecretRef of what --dry-run -o yaml prints.',
    );
  }
  const { bucket } = env.s3;
  if (bucket === undefined) {
    throw new TerminalError('InvalidInput', 'Nothing says which bucket: set S3_BUCKET_NAME.');
  }
  const s3 = await readS3Access({}, env);
  return { name, redis, bucket, s3, rootSHA256, apps, readOnly: flags.readOnly === true };
}

/** Only the file counts: what this shell has set may belong to another installation. */
async function environmentIn(path: string): Promise<ReturnType<typeof readEnvironment>> {
  const text = await readInputText(path, '--env-file');
  return readEnvironment(parseEnv(text.split('\n').map(quotedHash).join('\n')));
}

/**
 * To the server a `#` begins a comment only behind a space; to Node.js it always does, and a password would
 * be cut in silence.
 */
function quotedHash(line: string): string {
  const [, name, value] = /^\s*(?:export\s+)?([\w.]+)\s*=\s*([^\s'"`].*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) {
    return line;
  }
  const bare = value.replace(/\s+#.*$/, '').trimEnd();
  const quote = ['"', "'", '`'].find((each) => !bare.includes(each));
  return bare.includes('#') && quote !== undefined ? `${name}=${quote}${bare}${quote}` : line;
}

async function digestOfRoot(path: string): Promise<string> {
  const bytes = await readInputFile(path, '--root');
  try {
    assertRoot(bytes);
  } catch (cause) {
    throw new TerminalError(
      'InvalidInput',
      `--root: ${path} is not root metadata. Give the N.root.json that your clients ship.`,
      { cause },
    );
  }
  return createHash('sha256').update(bytes).digest('hex');
}

async function confirmAndApply(
  connection: ClusterConnection,
  manifests: readonly (SecretManifest | TargetManifest)[],
  flags: CreateTargetFlags,
  context: CommandContext,
): Promise<ExitCode> {
  if (flags.yes !== true) {
    if (context.confirm === undefined) {
      throw new TerminalError(
        'InvalidInput',
        'Nothing was applied. Read what would be: --dry-run -o yaml. Apply it without a question: --yes.',
      );
    }
    await showManifests(manifests, false, { ...flags, output: 'human' }, context);
    if (!(await context.confirm(`Apply these ${manifests.length} objects?`))) {
      context.stderr.write('Nothing was applied.\n');
      return exitCodes.failed;
    }
  }
  for (const manifest of manifests) {
    await applyManifest(connection, manifest, context.signal);
    context.stderr.write(`${manifest.kind.toLowerCase()}/${manifest.metadata.name} applied\n`);
  }
  const { name, namespace } = manifests.at(-1)?.metadata ?? { name: '', namespace: '' };
  context.stderr.write(`Check it: kubectl tuf-recovery check --target ${name} -n ${namespace}\n`);
  return exitCodes.done;
}

async function applyManifest(
  { api }: ClusterConnection,
  manifest: SecretManifest | TargetManifest,
  signal: AbortSignal,
): Promise<void> {
  // Not forced: a Secret that another tool manages is refused, with that tool's name.
  const options = { fieldManager, force: false, signal };
  if (manifest.kind === 'Secret') {
    await api.apply(secrets, manifest, options);
  } else {
    await api.apply(recoveryTargets, manifest, options);
  }
}

/** @param complete with the values of Secrets: for a pipe into kubectl, never for a screen */
async function showManifests(
  manifests: readonly (SecretManifest | TargetManifest)[],
  complete: boolean,
  { output }: OutputFlags,
  context: CommandContext,
): Promise<void> {
  const { stringify } = await import('../../output/yaml.ts');
  const withheld = manifests.map((manifest) =>
    'data' in manifest
      ? { ...manifest, data: Object.fromEntries(Object.keys(manifest.data).map((key) => [key, '…'])) }
      : manifest,
  );
  const shown = complete && output !== 'human' ? manifests : withheld;
  const documents = shown.map((manifest) => stringify(manifest)).join('---\n');
  if (output === 'json') {
    await writeResult(context, 'json', { apiVersion: 'v1', kind: 'List', items: shown }, () => '');
  } else {
    context.stdout.write(documents);
  }
}
