import type { Setting } from '../../faynosync/settings.ts';
import { isValid } from '../../faynosync/values.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import type { CapturedSettings, Overrides } from '../request.ts';
import { type Inference, remainingDays } from './infer.ts';
import { type LifetimeValue, lifetimeValue, needsHistory } from './lifetime-value.ts';
import type { Lifetime, Lifetimes } from './lifetimes.ts';
import type { LossCircumstances } from './loss-circumstances.ts';
import type { Confidence, Uncertainty, ValueSource } from './plan.ts';
import type { HistoryQuery } from './signing-history.ts';

/** How long signing a root by hand and uploading it may take before its lifetime can't be determined. */
const ROOT_RESIDUE_MS = 6 * 3_600_000;

/** Everything a lost value can be rebuilt from, beside what Redis itself holds. */
export interface Evidence {
  readonly trusted: Trusted;
  readonly lifetimes: Lifetimes;
  readonly overrides: Overrides;
  readonly captured: CapturedSettings | undefined;
  readonly now: Date;
}

/** What one source says. */
interface Value {
  readonly value: string;
  readonly confidence: Confidence;
  readonly doubt?: Uncertainty;
}

/** A rebuilt value with its provenance. */
export interface Rebuilt extends Value {
  readonly source: ValueSource;
}

interface SourceRow {
  readonly source: ValueSource;
  /** A value and how sure it is; undefined when this source knows none. */
  readonly read: (setting: Setting, evidence: Evidence, loss: LossCircumstances) => Value | undefined;
}

/**
 * Where a lost value comes from, best first; the first row with a valid value wins. `Survivor`, which comes
 * before all of them, never gets here: a valid value in Redis is kept.
 */
const rows: readonly SourceRow[] = [
  {
    source: 'Override',
    read: (setting, { overrides }) => found(overridden(setting, overrides), 'exact'),
  },
  { source: 'Captured', read: capturedValue },
  {
    source: 'Inferred',
    read: ({ derivation }, { lifetimes }, loss) => {
      const lifetime = lifetimes.of(derivation);
      if (lifetime === undefined || derivation.kind === 'none' || derivation.kind === 'rootFact') {
        return undefined;
      }
      const { server } = derivation;
      const value =
        derivation.role === 'root' && derivation.kind === 'lifetime'
          ? rootValue(lifetime.inference)
          : lifetimeValue({ server, lifetime, lifetimes, loss });
      return value && { ...value, value: String(value.days) };
    },
  },
  {
    source: 'Metadata',
    read: ({ derivation }, { trusted: { firstRoot, root } }) => {
      if (derivation.kind !== 'rootFact') {
        return undefined;
      }
      return firstRoot ? found(derivation.read(firstRoot), 'exact') : found(derivation.read(root), 'medium');
    },
  },
  {
    source: 'Remaining',
    read: ({ derivation }, { lifetimes, now }) => {
      const lifetime = lifetimes.of(derivation);
      return lifetime && found(remainingDays(lifetime.expires, now), 'low');
    },
  },
  {
    source: 'Default',
    read: ({ derivation }) => {
      switch (derivation.kind) {
        case 'lifetime':
        case 'delegatedLifetime':
          return found(derivation.server.fixedAtBootstrap ?? derivation.server.defaults[0], 'low');
        case 'none':
          // Not a guess: no bootstrap writes anything else.
          return found(derivation.fallback, 'high');
        case 'rootFact':
          return undefined;
      }
    },
  },
];

/**
 * @returns undefined only when the metadata itself holds no usable value, such as a threshold of 0, which a
 *   verified root cannot have
 */
export function rebuild(setting: Setting, evidence: Evidence, loss: LossCircumstances): Rebuilt | undefined {
  for (const { source, read } of rows) {
    const known = read(setting, evidence, loss);
    if (known && isValid(setting.kind, known.value)) {
      const { value, confidence, doubt } = known;
      return { value, source, confidence, ...(doubt !== undefined && { doubt }) };
    }
  }
  return undefined;
}

/** Which part of the history would tell more about a lost setting; undefined when nothing would. */
export function historyWanted({ derivation, key }: Setting, evidence: Evidence): HistoryQuery | undefined {
  if (derivation.kind !== 'lifetime' || (derivation.role !== 'targets' && derivation.role !== 'snapshot')) {
    return undefined;
  }
  const { role } = derivation;
  const known = evidence.overrides.expirations?.[role] ?? evidence.captured?.values.get(key);
  const lifetime = evidence.lifetimes.of(derivation);
  if (known !== undefined || lifetime === undefined || !needsHistory(lifetime, derivation.server)) {
    return undefined;
  }
  const { inference, version } = lifetime;
  return { role, head: version, days: inference.kind === 'days' ? inference.days : undefined };
}

function found(value: string | number | undefined, confidence: Confidence): Value | undefined {
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

/**
 * A capture is exact while nothing was signed after it. A later signing outdates it only when it proves a
 * deliberate change: with a lifetime that is no default of the server, or a default that a PUT config is
 * known to have set.
 */
function capturedValue(setting: Setting, evidence: Evidence, loss: LossCircumstances): Value | undefined {
  const { derivation } = setting;
  const value = captured(setting, evidence);
  const lifetime = evidence.lifetimes.of(derivation);
  if (value === undefined || lifetime === undefined || isCaptureCurrent(lifetime, evidence)) {
    return found(value, 'exact');
  }
  const { inference } = lifetime;
  if (inference.kind !== 'days' || evidence.lifetimes.isCopied(lifetime)) {
    return found(value, 'medium');
  }
  if (value === String(inference.days)) {
    return found(value, 'exact');
  }
  if (derivation.kind !== 'lifetime' && derivation.kind !== 'delegatedLifetime') {
    return undefined;
  }
  if (!derivation.server.defaults.some((days) => days === inference.days)) {
    return undefined;
  }
  const { capturedAt } = evidence.captured ?? { capturedAt: evidence.now };
  if (!loss.configuredBetween(derivation.role, capturedAt, lifetime.writtenAt ?? evidence.now)) {
    return found(value, 'high');
  }
  return {
    value: String(inference.days),
    confidence: 'low',
    doubt: {
      candidates: [value, String(inference.days)],
      why: `${value} was captured, ${inference.days}, a default of the server, was signed with later, and a task record says that this setting of some app was changed between the two`,
    },
  };
}

/** Whether nothing was signed since. The clock of the store need not be ours; the digest needs no clock. */
function isCaptureCurrent({ writtenAt }: Lifetime, { captured: capture, trusted }: Evidence): boolean {
  return (
    capture === undefined ||
    writtenAt === undefined ||
    capture.timestampSHA256 === trusted.timestamp.sha256 ||
    writtenAt.getTime() <= capture.capturedAt.getTime()
  );
}

/** ROOT_EXPIRATION is only shown, and 1.root.json is signed by hand some time before it is uploaded. */
function rootValue(inference: Inference): LifetimeValue | undefined {
  if (inference.kind === 'days') {
    return inference;
  }
  const isNear = inference.kind === 'wide' && Math.abs(inference.residueMs) < ROOT_RESIDUE_MS;
  return isNear ? { days: inference.days, confidence: 'medium' } : undefined;
}
