import { type LifetimeRules, wasSignedWithBounds } from '../../faynosync/lifetimes.ts';
import type { Inference } from './infer.ts';
import { type Lifetime, type Lifetimes, wasSignedOutsideServer } from './lifetimes.ts';
import type { LossCircumstances } from './loss-circumstances.ts';
import type { Confidence, Uncertainty } from './plan.ts';
import { changeTo, type LifetimeChange } from './signing-history.ts';

/** A lifetime with how much it is worth. */
export interface LifetimeValue {
  readonly days: number;
  readonly confidence: Confidence;
  readonly doubt?: Uncertainty;
}

/** Why a value is what it is. */
interface Context {
  readonly server: LifetimeRules;
  readonly lifetime: Lifetime;
  readonly lifetimes: Lifetimes;
  readonly loss: LossCircumstances;
}

/**
 * The lifetime that was configured, read from what was signed. While a setting is missing and the marker is
 * there, the server signs on with its own default, and that file tells the default back, exactly. So a value
 * that equals a default is held against the version before, the batch it was signed in and what the server's
 * tasks say.
 *
 * @returns undefined when the files tell nothing
 */
export function lifetimeValue(context: Context): LifetimeValue | undefined {
  const { inference } = context.lifetime;
  switch (inference.kind) {
    case 'none':
      return undefined;
    case 'wide':
      return ofWideFile(inference, context);
    case 'days':
      return context.lifetimes.isCopied(context.lifetime)
        ? doubtful(inference.days, [inference.days, undefined], 'other files of the same minute were copied')
        : ofTightFile(inference, context);
  }
}

/** Whether the configured value can't be determined before the role's earlier versions are read. */
export function needsHistory({ inference, history }: Lifetime, { defaults }: LifetimeRules): boolean {
  if (history !== undefined || inference.kind === 'none') {
    return false;
  }
  return inference.kind === 'wide' || defaults.some((days) => days === inference.days);
}

function ofTightFile(
  { days, confidence }: Inference & { readonly kind: 'days' },
  context: Context,
): LifetimeValue {
  const { server, lifetime } = context;
  if (!server.defaults.some((known) => known === days)) {
    return { days, confidence };
  }
  // The first version is signed by bootstrap itself, with what it writes as settings.
  if (server.fixedAtBootstrap !== undefined) {
    return days === server.fixedAtBootstrap
      ? { days, confidence }
      : { days: server.fixedAtBootstrap, confidence: 'medium' };
  }
  if (lifetime.version === 1) {
    return { days, confidence: atMost(days, server, confidence) };
  }
  const change = lifetime.history && changeTo(days, lifetime.history);
  if (change !== undefined) {
    return ofChange(days, change, context);
  }
  const agreeing = lifetime.history?.signings.filter((signing) => signing.days === days).length ?? 0;
  if (agreeing > 0) {
    return { days, confidence: atMost(days, server, confidence) };
  }
  return isSuspect(context)
    ? doubtful(
        days,
        [days, undefined],
        `${days} is the default of the server, and no earlier version is left to compare`,
      )
    : { days, confidence: atMost(days, server, confidence) };
}

/** The default took the place of another lifetime: by PUT config, or because the setting was lost. */
function ofChange(days: number, { before, changedBy }: LifetimeChange, context: Context): LifetimeValue {
  const { server, lifetime, loss } = context;
  if (days > server.maxDays && wasSignedWithBounds(before.expires)) {
    return { days: before.days, confidence: 'medium' };
  }
  const until = changedBy ?? lifetime.writtenAt ?? before.writtenAt;
  const isConfigured = loss.configuredBetween(lifetime.role, before.writtenAt, until);
  const isDeliberate = isConfigured || !isSuspect(context);
  const evidence = isConfigured
    ? ' A task record says that this setting of some app was changed between the two.'
    : '';
  return doubtful(
    isDeliberate ? days : before.days,
    [before.days, days],
    `version ${before.version} was signed for ${before.days} days and version ${lifetime.version} for ${days}, the default of the server.${evidence}`,
  );
}

/** The times of the file are not those of its signing. */
function ofWideFile(inference: Inference & { readonly kind: 'wide' }, context: Context): LifetimeValue {
  const { server, lifetime, lifetimes } = context;
  if (lifetimes.hasSteadySkew(lifetime)) {
    return { days: inference.days, confidence: 'medium' };
  }
  const before = lifetime.history?.signings[0]?.days;
  if (before !== undefined) {
    return wasSignedOutsideServer(lifetime)
      ? { days: before, confidence: 'medium' }
      : doubtful(before, [before, undefined], `${inference.why}; the version before says ${before} days`);
  }
  if (server.fixedAtBootstrap !== undefined) {
    return doubtful(
      server.fixedAtBootstrap,
      [server.fixedAtBootstrap, undefined],
      `${inference.why}; bootstrap always writes ${server.fixedAtBootstrap}`,
    );
  }
  const least = inference.atLeastDays;
  return doubtful(
    least,
    [least, undefined],
    `${inference.why}; if it was copied, it was signed for ${least} days or more`,
  );
}

/** Whether the newest signing may have come after the loss. */
function isSuspect({ lifetime, lifetimes, loss }: Context): boolean {
  return (
    loss.markerSurvives ||
    lifetimes.isSignedWithDefaults(lifetime) ||
    (lifetime.writtenAt !== undefined && loss.signedAfter(lifetime.writtenAt))
  );
}

/** A lifetime above the server's own bound is never sure: only an old server can have been configured so. */
function atMost(days: number, { maxDays }: LifetimeRules, confidence: Confidence): Confidence {
  return days > maxDays ? 'medium' : confidence;
}

function doubtful(days: number, candidates: readonly (number | undefined)[], why: string): LifetimeValue {
  return {
    days,
    confidence: 'low',
    doubt: { candidates: candidates.map((candidate) => String(candidate ?? 'unknown')), why },
  };
}
