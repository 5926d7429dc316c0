import type { App } from '../../faynosync/app.ts';
import { settingsOf } from '../../faynosync/settings.ts';
import type { Outcome } from '../../recovery/outcome.ts';
import type { Overrides } from '../../recovery/request.ts';
import type { ExpectedState } from '../../recovery/state/expected-state.ts';
import type { RoleFacts, RootFacts, Trusted } from '../../tuf/verify/verification.ts';

/** One role's newest file. */
export interface NewestRoleFile {
  readonly version: number;
  readonly expires: Date;
  /** When a quarter of its lifetime is left; undefined when the lifetime is not known. */
  readonly warnAt: Date | undefined;
}

/**
 * What one full verification of an app leaves behind, enough to judge every later answer of Redis until
 * something is signed again. Small: a controller keeps one for each app.
 */
export interface Baseline {
  readonly app: App;
  /** When it was verified, monotonic. */
  readonly verifiedAtMs: number;
  readonly delegatedNames: readonly string[];
  readonly bootstrappedAt: Date | undefined;
  readonly staleAfterSeconds: number;
  readonly replaceWrongType: boolean;
  readonly root: NewestRoleFile & { readonly sha256: string };
  readonly timestamp: NewestRoleFile & { readonly sha256: string };
  readonly snapshot: NewestRoleFile & { readonly sha256: string };
  readonly targets: NewestRoleFile;
  readonly delegated: ReadonlyMap<string, NewestRoleFile>;
  /** Of the roles that the server signs with its own keys: targets, snapshot and timestamp. */
  readonly onlineKeyIDs: readonly string[];
  /**
   * Redis key → what a recovery from the bucket alone would write; undefined when the app had lost something
   * when it was verified, because then there was nothing to compare with.
   */
  readonly wouldBe: ReadonlyMap<string, PredictedValue> | undefined;
}

/** What a recovery from the bucket alone would write to one key. */
export interface PredictedValue {
  readonly value: string;
  /** Where the value would come from; undefined when it is the one that Redis held. */
  readonly source: string | undefined;
}

/** How the app is judged, by its policy. */
export interface BaselineContext {
  readonly app: App;
  readonly overrides: Overrides;
  readonly nowMs: number;
}

const staleAfterSeconds = 1_800;
const onlineRoles = ['targets', 'snapshot', 'timestamp'] as const;
const dayMs = 86_400_000;
const warnShare = 0.25;

/** What to remember of a verified chain. Pure. */
export function baselineOf(
  { app, overrides, nowMs }: BaselineContext,
  trusted: Trusted,
  outcome: Pick<Outcome, 'plan' | 'recoverability'>,
): Baseline {
  const expiry = (file: Pick<RoleFacts | RootFacts, 'version' | 'expires' | 'object'>): NewestRoleFile => ({
    version: file.version,
    expires: file.expires,
    warnAt: warnAt(file.expires, file.object?.lastModified),
  });
  const { root, timestamp, snapshot, targets, delegated, delegatedNames, firstRoot } = trusted;
  const direct = new Set(delegatedNames);
  return {
    app,
    verifiedAtMs: nowMs,
    delegatedNames,
    bootstrappedAt: firstRoot?.object?.lastModified,
    staleAfterSeconds: overrides.staleAfterSeconds ?? staleAfterSeconds,
    replaceWrongType: overrides.replaceWrongType ?? false,
    root: { ...expiry(root), sha256: root.sha256 },
    timestamp: { ...expiry(timestamp), sha256: timestamp.sha256 },
    snapshot: { ...expiry(snapshot), sha256: snapshot.sha256 },
    targets: expiry(targets),
    delegated: new Map(
      delegated.filter(({ role }) => direct.has(role)).map((file) => [file.role, expiry(file)]),
    ),
    onlineKeyIDs: [...new Set(onlineRoles.flatMap((role) => root.roles[role].keyids))],
    wouldBe: wouldBeOf(outcome),
  };
}

/** What Redis should hold, for the engine's own judgement. */
export function expectedState(
  { app, delegatedNames, bootstrappedAt, staleAfterSeconds, replaceWrongType }: Baseline,
  taskID: string,
  now: Date,
): ExpectedState {
  const settings = settingsOf(app, delegatedNames);
  return { app, taskID, now, settings, delegatedNames, staleAfterSeconds, replaceWrongType, bootstrappedAt };
}

function wouldBeOf({
  plan,
  recoverability,
}: Pick<Outcome, 'plan' | 'recoverability'>): ReadonlyMap<string, PredictedValue> | undefined {
  if (plan === undefined || recoverability === undefined) {
    return undefined;
  }
  const held = plan.actions.flatMap(({ key, after }) =>
    after === undefined ? [] : [[key, { value: after, source: undefined }] as const],
  );
  const gaps = recoverability.gaps.map(
    ({ key, wouldBe, source }) => [key, { value: wouldBe, source }] as const,
  );
  return new Map<string, PredictedValue>([...held, ...gaps]);
}

/** A copied bucket may show a file as written after its expiry: then its lifetime is not known. */
function warnAt(expires: Date, writtenAt: Date | undefined): Date | undefined {
  const lifetimeMs = writtenAt === undefined ? 0 : expires.getTime() - writtenAt.getTime();
  // Whole days are the server's unit; less was not signed by it.
  return lifetimeMs < dayMs / 2 ? undefined : new Date(expires.getTime() - lifetimeMs * warnShare);
}
