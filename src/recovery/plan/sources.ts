import type { Setting } from '../../faynosync/settings.ts';
import { isValid } from '../../faynosync/values.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import type { CapturedSettings, Overrides } from '../request.ts';
import { remainingDays } from './infer.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Confidence, ValueSource } from './plan.ts';

/** Everything a lost value can be rebuilt from. */
export interface Evidence {
  readonly trusted: Trusted;
  readonly lifetimes: Lifetimes;
  readonly overrides: Overrides;
  readonly captured: CapturedSettings | undefined;
  readonly now: Date;
}

/** A rebuilt value with its provenance. */
export interface Rebuilt {
  readonly value: string;
  readonly source: ValueSource;
  readonly confidence: Confidence;
}

interface SourceRow {
  readonly source: ValueSource;
  /** A value and how sure it is; undefined when this source knows none. */
  readonly read: (
    setting: Setting,
    evidence: Evidence,
  ) => { readonly value: string; readonly confidence: Confidence } | undefined;
}

/**
 * Where a lost value comes from, best first (R5); the first row with a valid value wins. `Survivor`, which comes
 * before all of them, never gets here: a valid value in Redis is kept.
 */
const rows: readonly SourceRow[] = [
  { source: 'Override', read: (setting, { overrides }) => sure(overridden(setting, overrides), 'exact') },
  {
    source: 'Captured',
    read: (setting, evidence) =>
      isCaptureCurrent(setting, evidence) ? sure(captured(setting, evidence), 'exact') : undefined,
  },
  {
    source: 'Inferred',
    read: ({ derivation }, { lifetimes }) => {
      const inference = lifetimes.of(derivation)?.inference;
      return inference?.kind === 'days' ? sure(inference.days, inference.confidence) : undefined;
    },
  },
  {
    source: 'Metadata',
    read: ({ derivation }, { trusted: { firstRoot, root } }) => {
      if (derivation.kind !== 'rootFact') {
        return undefined;
      }
      return firstRoot ? sure(derivation.read(firstRoot), 'exact') : sure(derivation.read(root), 'medium');
    },
  },
  // A capture from before the newest signing may have been changed since, but it was a configured value; days left is not.
  { source: 'Captured', read: (setting, evidence) => sure(captured(setting, evidence), 'medium') },
  {
    source: 'Remaining',
    read: ({ derivation }, { lifetimes, now }) => {
      const lifetime = lifetimes.of(derivation);
      return lifetime && sure(remainingDays(lifetime.expires, now), 'low');
    },
  },
  {
    source: 'Default',
    read: ({ derivation }) => {
      switch (derivation.kind) {
        case 'lifetime':
        case 'delegatedLifetime':
          return sure(derivation.fallbackDays, 'low');
        case 'none':
          // Not a guess: no bootstrap writes anything else.
          return sure(derivation.fallback, 'high');
        case 'rootFact':
          return undefined;
      }
    },
  },
];

/**
 * @returns undefined only when the metadata itself holds no usable value, such as a threshold of 0, which a verified
 * root cannot have
 */
export function rebuild(setting: Setting, evidence: Evidence): Rebuilt | undefined {
  for (const { source, read } of rows) {
    const found = read(setting, evidence);
    if (found && isValid(setting.kind, found.value)) {
      return { source, ...found };
    }
  }
  return undefined;
}

function sure(
  value: string | number | undefined,
  confidence: Confidence,
): { readonly value: string; readonly confidence: Confidence } | undefined {
  return value === undefined ? undefined : { value: String(value), confidence };
}

function overridden({ derivation }: Setting, overrides: Overrides): string | number | undefined {
  switch (derivation.kind) {
    case 'lifetime':
      return overrides.expirations?.[derivation.role];
    case 'delegatedLifetime':
      return overrides.expirations?.roles?.get(derivation.role);
    case 'none':
      return overrides.targetsOnlineKey === undefined ? undefined : overrides.targetsOnlineKey ? '1' : '0';
    case 'rootFact':
      return undefined;
  }
}

/** Counts are not taken from a capture: the metadata holds them exactly. */
function captured({ key, derivation }: Setting, evidence: Evidence): string | undefined {
  return derivation.kind === 'rootFact' ? undefined : evidence.captured?.values.get(key);
}

/** A capture is exact while nothing was signed after it: whatever was configured later shows in newer metadata. */
function isCaptureCurrent(
  { derivation }: Setting,
  { captured: capture, lifetimes, trusted }: Evidence,
): boolean {
  if (capture === undefined) {
    return false;
  }
  // The clock of the store need not be ours; the digest needs no clock.
  if (capture.timestampSHA256 === trusted.timestamp.sha256) {
    return true;
  }
  const writtenAt = lifetimes.of(derivation)?.writtenAt;
  return writtenAt === undefined || writtenAt.getTime() <= capture.capturedAt.getTime();
}
