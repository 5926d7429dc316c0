import type { Steps } from '../async/in-turns.ts';
import { LossCircumstances } from './plan/loss-circumstances.ts';
import type { Confidence, ValueSource } from './plan/plan.ts';
import { type Evidence, rebuild } from './plan/sources.ts';
import { isComplete } from './state/classify.ts';
import type { ObservedState } from './state/observed-state.ts';

/** A setting that a recovery from storage alone would not bring back as it is. */
export interface RecoverabilityGap {
  readonly key: string;
  /** What Redis holds. */
  readonly held: string;
  /** What a recovery would write. */
  readonly wouldBe: string;
  readonly source: ValueSource;
  readonly confidence: Confidence;
  /** The captured settings hold the right value: with them, and only with them, it comes back. */
  readonly heldByCapture: boolean;
}

/** What would come back if everything in Redis were lost now. */
export interface Recoverability {
  /** Settings of the app that Redis holds; the marker is not one, because a recovery writes its own. */
  readonly settings: number;
  /** How many of them a recovery from storage alone would write exactly as they are. */
  readonly exact: number;
  /** The others, in the order of the settings. */
  readonly gaps: readonly RecoverabilityGap[];
  /** Keys of staged signing ceremonies: they exist in Redis only, so nothing brings them back. */
  readonly ceremonies: readonly string[];
}

/**
 * Compares what Redis holds with what a recovery from storage alone, without captured settings and overrides,
 * would write after a total loss. Pure: the same planner, on the same facts.
 *
 * @param evidence with the history of every role that needs it, as `RunRequest.drill` has it read
 * @returns undefined unless the marker is done and every setting valid: else there is nothing to compare with
 */
export function* recoverabilityOf(
  observed: ObservedState,
  evidence: Evidence,
): Steps<Recoverability | undefined> {
  if (!isComplete(observed)) {
    return undefined;
  }
  const storageOnly: Evidence = { ...evidence, overrides: {}, captured: undefined };
  const totalLoss = new LossCircumstances(false, []);
  const gaps: RecoverabilityGap[] = [];
  for (const { setting, held } of observed.settings) {
    yield;
    const rebuilt = rebuild(setting, storageOnly, totalLoss);
    if (held.kind !== 'string' || rebuilt === undefined || isSame(held.value, rebuilt.value)) {
      continue;
    }
    const { value: wouldBe, source, confidence } = rebuilt;
    const heldByCapture = evidence.captured?.values.get(setting.key) === held.value;
    gaps.push({ key: setting.key, held: held.value, wouldBe, source, confidence, heldByCapture });
  }
  // ROOT_SIGNING comes back blank; absent, it is none of the settings, and staged it is a ceremony.
  const { rootSigning, ceremonies } = observed;
  const blank = rootSigning.kind === 'string' && rootSigning.value.trim() === '' ? 1 : 0;
  const settings = observed.settings.length + blank;
  return { settings, exact: settings - gaps.length, gaps, ceremonies };
}

/** The server reads `true` as `1`. */
function isSame(held: string, rebuilt: string): boolean {
  return held === rebuilt || (held === 'true' && rebuilt === '1') || (held === 'false' && rebuilt === '0');
}
