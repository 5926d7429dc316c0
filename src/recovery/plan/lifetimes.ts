import { lifetimeRules } from '../../faynosync/lifetimes.ts';
import type { Derivation } from '../../faynosync/settings.ts';
import type { ListedObject } from '../../storage/source.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { type Inference, inferDays, sameResidue } from './infer.ts';
import { changeTo, type Histories, type RoleWithHistory, type SigningHistory } from './signing-history.ts';
import { delegatedKey, type Uploads } from './uploads.ts';

/** Files that are written within about this time of each other were signed, or copied, together. */
const BATCH_MS = 60_000;
/** A larger difference of clocks than this is a copy. */
const MAX_SKEW_MS = 3_600_000;
/** A slow upload leaves less than this between signing and writing. */
const COPY_RESIDUE_MS = 120_000;

/** What the files of one role tell about its lifetime. */
export interface Lifetime {
  /** For messages: `targets`, `nightly`. */
  readonly role: string;
  /** Version of the newest file of the role. */
  readonly version: number;
  /** When the newest file of the role was written; undefined when it is not listed. */
  readonly writtenAt: Date | undefined;
  readonly inference: Inference;
  /** When the newest file of the role expires: the server's own rule counts the days to it. */
  readonly expires: Date;
  /** Earlier versions, where they were read. */
  readonly history: SigningHistory | undefined;
}

/** A verified file: who it belongs to, which version, until when, and its entry in the listing. */
interface File {
  readonly version: number;
  readonly expires: Date;
  readonly object: ListedObject | undefined;
}

/** Looks up what the verified files and the times of upload tell about lifetimes. */
export class Lifetimes {
  readonly histories: Histories;
  readonly #trusted: Trusted;
  readonly #uploads: Uploads;
  readonly #delegated: ReadonlyMap<string, File>;
  readonly #known = new Map<string, Lifetime>();
  #copies: Batches | undefined;
  #defaults: Batches | undefined;

  /** @param delegated the files of `trusted`, when they are indexed already: there may be 65,536 */
  constructor(
    trusted: Trusted,
    uploads: Uploads,
    histories: Histories = new Map(),
    delegated: ReadonlyMap<string, File> = new Map(trusted.delegated.map((facts) => [facts.role, facts])),
  ) {
    this.histories = histories;
    this.#trusted = trusted;
    this.#uploads = uploads;
    this.#delegated = delegated;
  }

  /** The same, with more of the history read. */
  withHistory(role: RoleWithHistory, history: SigningHistory): Lifetimes {
    const histories = new Map([...this.histories, [role, history]]);
    return new Lifetimes(this.#trusted, this.#uploads, histories, this.#delegated);
  }

  /** Undefined when the role has no verified file, or the derivation is from something else. */
  of(derivation: Derivation): Lifetime | undefined {
    if (derivation.kind === 'delegatedLifetime') {
      return this.#ofDelegated(derivation.role);
    }
    return derivation.kind === 'lifetime' ? this.#ofTopLevel(derivation.role) : undefined;
  }

  /** Whether another file of the same batch tells that the times of the batch are those of a copy. */
  isCopied(lifetime: Lifetime): boolean {
    this.#copies ??= batchesOf(this.#signedFiles().filter(isCopy));
    return hasOther(this.#copies, lifetime);
  }

  /**
   * Whether another file of the same batch was signed with a default that cannot have been configured: the
   * settings were lost before that batch was signed.
   */
  isSignedWithDefaults(lifetime: Lifetime): boolean {
    this.#defaults ??= batchesOf(this.#signedFiles().filter(isSignedByDefault));
    return hasOther(this.#defaults, lifetime);
  }

  /**
   * Whether the file is as far from whole days as a file that was written at another time: then the clocks of
   * server and storage differ, and nothing was copied.
   */
  hasSteadySkew({ writtenAt, inference, role, history }: Lifetime): boolean {
    if (
      inference.kind !== 'wide' ||
      writtenAt === undefined ||
      Math.abs(inference.residueMs) >= MAX_SKEW_MS
    ) {
      return false;
    }
    const others = onlineRoles
      .filter((other) => other !== role)
      .map((other) => this.#ofTopLevel(other))
      .flatMap((file) => (file.inference.kind === 'wide' ? [{ ...file.inference, at: file.writtenAt }] : []));
    const earlier = (history?.signings ?? []).map((signing) => ({ ...signing, at: signing.writtenAt }));
    return [...others, ...earlier].some(
      ({ at, residueMs }) =>
        at !== undefined &&
        Math.abs(at.getTime() - writtenAt.getTime()) > BATCH_MS &&
        sameResidue(residueMs, inference.residueMs),
    );
  }

  /** Everything that the server signs without a person: not root. */
  #signedFiles(): readonly Lifetime[] {
    const topLevel = onlineRoles.map((role) => this.#ofTopLevel(role));
    const delegated = this.#trusted.delegated.map(({ role }) => this.#ofDelegated(role));
    return [...topLevel, ...delegated].filter((file) => file !== undefined);
  }

  #ofDelegated(role: string): Lifetime | undefined {
    const file = this.#delegated.get(role);
    return file && this.#lifetime(delegatedKey(role), role, file, file);
  }

  #ofTopLevel(role: 'root' | 'targets' | 'snapshot' | 'timestamp'): Lifetime {
    const { root, firstRoot } = this.#trusted;
    switch (role) {
      case 'root':
        // Bootstrap wrote ROOT_EXPIRATION and no rotation refreshes it: the newest root would give another
        // number.
        return this.#lifetime(role, role, firstRoot ?? root, root);
      default: {
        const file = this.#trusted[role];
        return this.#lifetime(role, role, file, file);
      }
    }
  }

  #lifetime(key: string, role: string, signed: File, newest: File): Lifetime {
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    const { object } = signed;
    const lifetime: Lifetime = {
      role,
      version: newest.version,
      writtenAt: object?.lastModified,
      inference:
        object === undefined
          ? { kind: 'none', why: 'the listing does not show its file' }
          : inferDays(signed.expires, { head: object.lastModified, earlier: this.#uploads.before(key) }),
      expires: newest.expires,
      history: key === 'targets' || key === 'snapshot' ? this.histories.get(key) : undefined,
    };
    this.#known.set(key, lifetime);
    return lifetime;
  }
}

const DAY_MS = 86_400_000;
const onlineRoles = ['targets', 'snapshot', 'timestamp'] as const;

/**
 * Whether a role was signed away from the server, as its scripts do: the expiry before plus whole days, to
 * the second.
 */
export function wasSignedOutsideServer({ inference, expires, history }: Lifetime): boolean {
  const before = history?.signings[0];
  if (inference.kind !== 'wide' || before === undefined) {
    return false;
  }
  const added = expires.getTime() - before.expires.getTime();
  return added > 0 && added % DAY_MS === 0;
}

/** Minutes off whole days, and not by signing offline. */
function isCopy(file: Lifetime): boolean {
  const { inference } = file;
  return (
    inference.kind === 'wide' &&
    Math.abs(inference.residueMs) > COPY_RESIDUE_MS &&
    !wasSignedOutsideServer(file)
  );
}

function isSignedByDefault({ role, inference, history }: Lifetime): boolean {
  if (inference.kind !== 'days') {
    return false;
  }
  const { days } = inference;
  switch (role) {
    case 'timestamp':
      return false;
    case 'targets':
    case 'snapshot': {
      const isDefault = lifetimeRules[role].defaults.some((known) => known === days);
      return isDefault && history !== undefined && changeTo(days, history) !== undefined;
    }
    default:
      return days > lifetimeRules.delegated.maxDays;
  }
}

/** Minute → roles that were written in it. */
type Batches = ReadonlyMap<number, ReadonlySet<string>>;

function batchesOf(files: readonly Lifetime[]): Batches {
  const batches = new Map<number, Set<string>>();
  for (const { role, writtenAt } of files) {
    if (writtenAt !== undefined) {
      const minute = minuteOf(writtenAt);
      batches.set(minute, (batches.get(minute) ?? new Set()).add(role));
    }
  }
  return batches;
}

function hasOther(batches: Batches, { role, writtenAt }: Lifetime): boolean {
  if (writtenAt === undefined) {
    return false;
  }
  const minute = minuteOf(writtenAt);
  return [minute - 1, minute, minute + 1].some((at) => {
    const roles = batches.get(at);
    return roles !== undefined && (roles.size > 1 || !roles.has(role));
  });
}

function minuteOf(time: Date): number {
  return Math.floor(time.getTime() / BATCH_MS);
}
