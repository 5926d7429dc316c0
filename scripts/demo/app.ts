import { createHash, randomUUID } from 'node:crypto';
import type { S3Object } from '../../test/harness/s3.ts';
import type { MetadataFile } from '../../test/tuf/generator/metadata-file.ts';
import { Repository } from '../../test/tuf/generator/repository.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** What the person who set the app up configured, in days. The metadata never says so; only Redis does. */
const lifetimes = { root: 365, targets: 90, snapshot: 14, timestamp: 2, stable: 90, nightly: 30 } as const;

/** A signed app and the settings the server keeps for it. */
export interface DemoApp {
  readonly suffix: string;
  readonly prefix: string;
  readonly rootSHA256: string;
  readonly objects: readonly S3Object[];
  /** Redis key → value, as the server's bootstrap writes them. */
  readonly settings: Readonly<Record<string, string>>;
}

/** An app to sign; by default alice/tuf with two delegated roles. */
export interface DemoAppOptions {
  readonly appName?: string;
  /** Names of delegated roles besides stable and nightly. */
  readonly roles?: readonly string[];
}

/** Signs an app of alice's the way the server does: every file expires its lifetime after it was written. */
export function signDemoApp(at: Date, { appName = 'tuf', roles = [] }: DemoAppOptions = {}): DemoApp {
  // Stores keep whole seconds.
  const written = new Date(Math.floor(at.getTime() / 1000) * 1000);
  const repository = new Repository({
    seed: randomUUID(),
    delegations: ['stable', 'nightly', ...roles].map((name) => ({ name })),
    artifacts: 3,
  });
  const expireAfter = (file: MetadataFile, days: number): void => {
    file.signed['expires'] = `${new Date(written.getTime() + days * dayMs).toISOString().slice(0, 19)}Z`;
  };
  expireAfter(repository.root(1), lifetimes.root);
  for (const role of ['targets', 'snapshot', 'timestamp', 'stable', 'nightly'] as const) {
    expireAfter(repository.file(role), lifetimes[role]);
  }
  for (const role of roles) {
    expireAfter(repository.file(role), lifetimes.stable);
  }
  const files = repository.seal();
  const root = files.get('1.root.json');
  if (root === undefined) {
    throw new Error('The generator signed no root.');
  }
  const suffix = `alice_${appName}`;
  const prefix = `tuf_metadata/alice/${appName}/`;
  return {
    suffix,
    prefix,
    rootSHA256: createHash('sha256').update(root).digest('hex'),
    objects: [...files].map(([name, body]) => ({ key: prefix + name, body, lastModified: written })),
    settings: settings(suffix, roles),
  };
}

function settings(suffix: string, roles: readonly string[]): Record<string, string> {
  const entries: [string, string][] = [
    ['BOOTSTRAP', randomUUID()],
    ['ROOT_SIGNING', ''],
    ['TARGETS_ONLINE_KEY', '1'],
    ['stable_EXPIRATION', String(lifetimes.stable)],
    ['nightly_EXPIRATION', String(lifetimes.nightly)],
    ...roles.map((role): [string, string] => [`${role}_EXPIRATION`, String(lifetimes.stable)]),
  ];
  for (const role of ['root', 'targets', 'snapshot', 'timestamp'] as const) {
    const name = role.toUpperCase();
    entries.push(
      [`${name}_EXPIRATION`, String(lifetimes[role])],
      [`${name}_THRESHOLD`, '1'],
      [`${name}_NUM_KEYS`, '1'],
    );
  }
  return Object.fromEntries(entries.map(([name, value]) => [`${name}_${suffix}`, value]));
}
