import type { App } from '../../faynosync/app.ts';
import { type Setting, settingsOf } from '../../faynosync/settings.ts';
import type { Trusted, Verification } from '../../tuf/verify/verification.ts';
import { Lifetimes } from '../plan/lifetimes.ts';
import type { Evidence } from '../plan/sources.ts';
import { Uploads } from '../plan/uploads.ts';
import type { RunRequest } from '../request.ts';

/** What Redis should hold, and what its facts are judged by. */
export interface ExpectedState {
  readonly app: App;
  readonly taskID: string;
  /** See {@link RunRequest.place}. */
  readonly place?: string;
  readonly settings: readonly Setting[];
  readonly delegatedNames: readonly string[];
  readonly now: Date;
  readonly staleAfterSeconds: number;
  readonly replaceWrongType: boolean;
  /** When 1.root.json was written: how old a bootstrap without a task record must be at least. */
  readonly bootstrappedAt: Date | undefined;
}

/** A bootstrap without a sign of life for this long is dead, unless the request says otherwise. */
export const STALE_AFTER_SECONDS = 1_800;

/** What Redis is asked, once it is known from the chain which roles there are. */
export function expectedStateOf(
  { app, taskID, place, now, overrides }: RunRequest,
  trusted: Trusted,
): ExpectedState {
  return {
    app,
    taskID,
    ...(place !== undefined && { place }),
    now,
    settings: settingsOf(app, trusted.delegatedNames),
    delegatedNames: trusted.delegatedNames,
    staleAfterSeconds: overrides.staleAfterSeconds ?? STALE_AFTER_SECONDS,
    replaceWrongType: overrides.replaceWrongType ?? false,
    bootstrappedAt: trusted.firstRoot?.object?.lastModified,
  };
}

/** What lost values can be rebuilt from, once the chain has been proven. */
export async function evidenceOf(
  { overrides, captured, now }: RunRequest,
  { listing }: Verification,
  trusted: Trusted,
): Promise<Evidence> {
  const lifetimes = new Lifetimes(trusted, await Uploads.read(trusted, listing));
  return { trusted, lifetimes, overrides, captured, now };
}
