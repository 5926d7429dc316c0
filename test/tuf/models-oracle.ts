import { createHash } from 'node:crypto';
import { Metadata, MetadataKind } from '@tufjs/models';

/** What the oracle says: the heads it arrived at, or why it stopped. */
export type OracleVerdict =
  | { readonly accepted: true; readonly heads: readonly (readonly [role: string, version: number])[] }
  | { readonly accepted: false; readonly why: string };

type Files = ReadonlyMap<string, Uint8Array>;
type TargetsMetadata = ReturnType<typeof parseTargets>;

function json(files: Files, name: string) {
  const bytes = files.get(name);
  if (bytes === undefined) {
    throw new Error(`${name} is absent`);
  }
  return { bytes: Buffer.from(bytes), value: JSON.parse(Buffer.from(bytes).toString()) };
}

function parseTargets(value: Parameters<typeof Metadata.fromJSON>[1]) {
  return Metadata.fromJSON(MetadataKind.Targets, value);
}

/**
 * Walks a repository as the specification's client workflow does, with everything cryptographic and
 * structural left to @tufjs/models: an implementation that shares no line with ours. Quadratic, so for small
 * repositories.
 */
export function oracleVerdict(files: Files, now: Date): OracleVerdict {
  try {
    return { accepted: true, heads: walk(files, now) };
  } catch (error) {
    return { accepted: false, why: String(error) };
  }
}

function walk(files: Files, now: Date): (readonly [string, number])[] {
  const fresh = (metadata: { signed: { isExpired(at: Date): boolean } }, role: string): void => {
    if (metadata.signed.isExpired(now)) {
      throw new Error(`${role} is expired`);
    }
  };
  const versionIs = (found: number, expected: number, role: string): void => {
    if (found !== expected) {
      throw new Error(`${role} has version ${found}, not ${expected}`);
    }
  };

  let root = Metadata.fromJSON(MetadataKind.Root, json(files, '1.root.json').value);
  root.verifyDelegate('root', root);
  for (let version = 2; files.has(`${version}.root.json`); version++) {
    const next = Metadata.fromJSON(MetadataKind.Root, json(files, `${version}.root.json`).value);
    versionIs(next.signed.version, version, 'root');
    root.verifyDelegate('root', next);
    next.verifyDelegate('root', next);
    root = next;
  }
  fresh(root, 'root');

  const timestamp = Metadata.fromJSON(MetadataKind.Timestamp, json(files, 'timestamp.json').value);
  root.verifyDelegate('timestamp', timestamp);
  fresh(timestamp, 'timestamp');

  const link = timestamp.signed.snapshotMeta;
  const snapshotFile = json(files, `${link.version}.snapshot.json`);
  link.verify(snapshotFile.bytes);
  const snapshot = Metadata.fromJSON(MetadataKind.Snapshot, snapshotFile.value);
  root.verifyDelegate('snapshot', snapshot);
  versionIs(snapshot.signed.version, link.version, 'snapshot');
  fresh(snapshot, 'snapshot');

  const open = (role: string, verify: (metadata: TargetsMetadata) => void): TargetsMetadata => {
    const meta = snapshot.signed.meta[`${role}.json`];
    if (meta === undefined) {
      throw new Error(`${role} is not in the snapshot`);
    }
    const file = json(files, `${meta.version}.${role}.json`);
    meta.verify(file.bytes);
    const metadata = parseTargets(file.value);
    verify(metadata);
    versionIs(metadata.signed.version, meta.version, role);
    fresh(metadata, role);
    return metadata;
  };
  const targets = open('targets', (metadata) => root.verifyDelegate('targets', metadata));
  const found = new Map<string, number>();
  const descend = (delegator: TargetsMetadata): void => {
    for (const role of delegatedNames(delegator)) {
      const metadata = open(role, (m) => delegator.verifyDelegate(role, m));
      if (found.has(role)) {
        continue;
      }
      found.set(role, metadata.signed.version);
      descend(metadata);
    }
  };
  descend(targets);
  return [
    ['root', root.signed.version],
    ['timestamp', timestamp.signed.version],
    ['snapshot', snapshot.signed.version],
    ['targets', targets.signed.version],
    ...[...found].sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
}

function delegatedNames({ signed: { delegations } }: TargetsMetadata): readonly string[] {
  if (delegations === undefined) {
    return [];
  }
  if (delegations.succinctRoles !== undefined) {
    return [...delegations.succinctRoles.getRoles()];
  }
  return Object.keys(delegations.roles ?? {});
}

/** sha256 of the first root: the pin. */
export function pinOf(files: Files): string {
  return createHash('sha256')
    .update(files.get('1.root.json') ?? Buffer.alloc(0))
    .digest('hex');
}
