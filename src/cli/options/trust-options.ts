import { type Command, Option } from 'commander';
import { flagBounds } from './flag-bounds.ts';
import { parseInstant, parseInteger, parsePerRole, parseSeconds, parseSHA256 } from './flag-values.ts';

/** The values of the flags that {@link addTrustOptions} adds. */
export interface TrustFlags {
  readonly rootSha256?: string;
  readonly root?: string;
  readonly trustOnFirstUse?: true;
  readonly trustedDir?: string;
  readonly referenceTime?: Date;
  readonly policy: 'recovery' | 'strict';
  readonly acceptRollbackTo?: number;
  readonly onInvalidDelegation?: 'Fail' | 'Skip';
  readonly maxExpiredAge?: number;
  readonly minimumVersion?: ReadonlyMap<string, number>;
}

/** Adds the flags that say what is trusted. */
export function addTrustOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--root-sha256 <hex>', 'sha256 of a trusted N.root.json that lies in the storage')
        .argParser(parseSHA256)
        .conflicts(['root', 'trustOnFirstUse']),
    )
    .addOption(
      new Option('--root <file>', 'a trusted root.json, which need not lie in the storage').conflicts(
        'trustOnFirstUse',
      ),
    )
    .option('--trust-on-first-use', 'believe the lowest root that is found; nothing outside vouches for it')
    .option(
      '--trusted-dir <dir>',
      'timestamp.json and snapshot.json that were trusted before: detects rollback',
    )
    .option('--reference-time <time>', 'verify as of this RFC 3339 instant instead of now', parseInstant)
    .addOption(
      new Option('--policy <policy>', 'recovery reports expired metadata; strict refuses it as a client does')
        .choices(['recovery', 'strict'])
        .default('recovery'),
    )
    .option(
      '--accept-rollback-to <version>',
      'accept exactly this timestamp version although a newer one was trusted',
      parseInteger(...flagBounds.version),
    )
    .addOption(
      new Option('--on-invalid-delegation <what>', 'what a delegated role that does not verify does').choices(
        ['Fail', 'Skip'],
      ),
    )
    .option(
      '--max-expired-age <age>',
      'refuse metadata that expired longer ago, for example 90d (default: 30d; verify: no limit)',
      parseSeconds(...flagBounds.maxExpiredAgeSeconds),
    )
    .option(
      '--minimum-version <role=version>',
      'refuse a lower version of this role; may be repeated',
      parsePerRole(parseInteger(...flagBounds.version)),
    );
}
