import type { RecoveryPolicyStatus } from '../../api/recoverypolicy.generated.ts';
import { rfc3339 } from '../../api/settle.ts';
import type { App } from '../../recovery/request.ts';
import { raised } from '../app-history/high-water-marks.ts';
import type { Reading } from './reading.ts';

/** All that a policy remembers about one app, as its status holds it. */
export type AppEntry = NonNullable<RecoveryPolicyStatus['apps']>[number];

/** An app nobody has looked at. */
export function blankEntry({ adminName, appName }: App): AppEntry {
  return { adminName, appName, state: 'Unknown', consecutiveLosses: 0 };
}

/**
 * The entry after a look. Only a loss counts a loss; only what was compared, or somebody else at work, ends a row of losses.
 * What could not be verified says nothing either way, so the count stays where it was.
 */
export function looked(entry: AppEntry, reading: Reading, now: Date): AppEntry {
  const { reason: _, message: __, ...known } = entry;
  const seen = {
    ...known,
    lastLooked: rfc3339(now),
    ...(reading.heads !== undefined && { marks: raised(entry.marks, reading.heads) }),
  };
  switch (reading.kind) {
    case 'consistent':
      return { ...seen, state: reading.state, lastVerified: rfc3339(now), consecutiveLosses: 0 };
    case 'lost': {
      const consecutiveLosses = entry.consecutiveLosses + 1;
      return { ...seen, state: reading.state, lastVerified: rfc3339(now), consecutiveLosses };
    }
    case 'busy':
      return { ...seen, state: reading.state, consecutiveLosses: 0 };
    case 'unverifiable':
      return { ...seen, state: 'Unverifiable', reason: reading.reason, message: reading.message };
  }
}

/** Whether the app had lost something when it was last compared. */
export function isLost({ consecutiveLosses }: AppEntry): boolean {
  return consecutiveLosses > 0;
}

/** Whether the last look could not tell. */
export function isUnverifiable({ state }: AppEntry): boolean {
  return state === 'Unverifiable';
}
