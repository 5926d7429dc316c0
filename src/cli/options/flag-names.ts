/**
 * Messages of the engine name settings as the resources do. On the command line the same settings are flags;
 * a person who reads there needs the name that is typed there.
 */
const flags: Readonly<Record<string, string>> = {
  'trust.acceptRollbackTo': '--accept-rollback-to',
  'trust.onInvalidDelegation: Skip': '--on-invalid-delegation Skip',
  'trust.onInvalidDelegation': '--on-invalid-delegation Skip',
  'trust.maxExpiredAge': '--max-expired-age',
  'trust.minimumVersions': '--minimum-version',
  'trust.onFirstUse': '--trust-on-first-use',
  'overrides.expirations': '--expiration',
  'overrides.targetsOnlineKey': '--targets-online-key',
  'overrides.replaceWrongType: true': '--replace-wrong-type',
  'overrides.replaceWrongType': '--replace-wrong-type',
  'overrides.staleAfterSeconds': '--stale-after',
  uncertainValues: '--uncertain-values',
  timeoutSeconds: '--timeout',
  backoffLimit: '--backoff-limit',
};

/** The longer name first, or its beginning would be replaced alone. */
const names = new RegExp(
  `(?:spec\\.)?(${Object.keys(flags)
    .sort((a, b) => b.length - a.length)
    .map((name) => name.replaceAll('.', '\\.'))
    .join('|')})`,
  'g',
);

/** Puts flags in place of the names of settings. */
export function withFlagNames(text: string): string {
  return text.replace(names, (_all, name: string) => flags[name] ?? name);
}
