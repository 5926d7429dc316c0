import { settingsOf } from '../../faynosync/settings.ts';
import type { Trusted, Verification } from '../../tuf/verify/verification.ts';
import { Lifetimes } from '../plan/lifetimes.ts';
import type { Evidences } from '../plan/sources.ts';
import type { RunRequest } from '../request.ts';
import type { Question } from './observed-state.ts';

/** A bootstrap without a sign of life for this long is dead, unless the request says otherwise. */
const STALE_AFTER_SECONDS = 1_800;

/** What Redis is asked, once the chain has told which roles there are. */
export function questionOf({ app, taskID, now, overrides }: RunRequest, trusted: Trusted): Question {
  return {
    app,
    taskID,
    now,
    settings: settingsOf(app, trusted.delegatedNames),
    delegatedNames: trusted.delegatedNames,
    staleAfterSeconds: overrides.staleAfterSeconds ?? STALE_AFTER_SECONDS,
    replaceWrongType: overrides.replaceWrongType ?? false,
    bootstrappedAt: trusted.firstRoot?.object?.lastModified,
  };
}

/** What lost values can be rebuilt from, once the chain has been proven. */
export function evidencesOf(
  { overrides, captured, now }: RunRequest,
  { listing }: Verification,
  trusted: Trusted,
): Evidences {
  return { trusted, lifetimes: new Lifetimes(trusted, listing), overrides, captured, now };
}
