import { createHash } from 'node:crypto';
import type { Severity } from '../../../../src/tuf/findings/finding.ts';
import type { FindingCode } from '../../../../src/tuf/findings/findings.ts';
import type { VerifyOptions } from '../../../../src/tuf/verify/verification.ts';
import type { TestKey } from '../keys.ts';
import type { Repository, RepositoryOptions } from '../repository.ts';

/** One damage to an otherwise sound repository, and the one finding it must give. */
export interface Mutation {
  /** What was done, as a test name. */
  readonly name: string;
  readonly code: FindingCode;
  readonly role: string;
  readonly severity: Severity;
  /** Findings that necessarily come with it. */
  readonly also?: readonly FindingCode[];
  /** Differences from {@link BASE}. */
  readonly options?: RepositoryOptions;
  /** Changes the repository before it is signed, or its files afterwards. */
  readonly apply?: (repository: Repository) => void;
  /** Differences in how it is verified. */
  readonly verify?: (files: ReadonlyMap<string, Buffer>) => Partial<VerifyOptions>;
}

/** The sound repository: two roots, two delegated roles, one of them with a threshold of two. */
export const BASE: RepositoryOptions = {
  seed: 'mutation',
  roots: 2,
  rotate: ['root'],
  version: 3,
  delegations: [{ name: 'stable' }, { name: 'beta', keys: ['beta-a', 'beta-b'], threshold: 2 }],
};

/** Lower-case hex sha256. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A file of the finished repository. */
export function fileOf(files: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const bytes = files.get(name);
  if (bytes === undefined) {
    throw new RangeError(`there is no file ${name}`);
  }
  return bytes;
}

/** Changes one finished file; whatever names it still names the old bytes. */
export function rewrite(repository: Repository, name: string, change: (bytes: Buffer) => Buffer): void {
  repository.fileEdits.push((files) => files.set(name, change(fileOf(files, name))));
}

/** Flips one bit in the last signature of a file, before anything links it. */
export function breakSignature(repository: Repository, role: string): void {
  repository.file(role).signatureEdits.push((signatures) => {
    const last = signatures.at(-1);
    if (last === undefined) {
      throw new RangeError(`${role} has no signature`);
    }
    last.sig = flipNibble(last.sig);
  });
}

export function flipNibble(hex: string): string {
  const last = Number.parseInt(hex.slice(-1), 16) ^ 1;
  return hex.slice(0, -1) + last.toString(16);
}

/** Ids of keys, for a role's `keyids`. */
export function idsOf(keys: readonly TestKey[]): string[] {
  return keys.map(({ keyid }) => keyid);
}
