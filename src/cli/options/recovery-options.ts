import { type Command, Option } from 'commander';
import type { Overrides } from '../../recovery/request.ts';
import { LOCK_WAIT_MS } from '../../recovery/run-deadline.ts';
import { addOutputOption, type OutputFlags } from '../output/output.ts';
import { flagBounds } from './flag-bounds.ts';
import {
  parseBoolean,
  parseDays,
  parseInteger,
  parsePerRole,
  parseSeconds,
  parseUUID,
} from './flag-values.ts';
import { addRedisOptions, type RedisFlags } from './redis-options.ts';
import { addStorageOptions, type StorageFlags } from './storage-options.ts';
import { addTrustOptions, type TrustFlags } from './trust-options.ts';

/** The flags that `plan` and `recover` share. */
export interface RecoveryFlags extends OutputFlags, RedisFlags, StorageFlags, TrustFlags {
  readonly admin: string;
  readonly app: string;
  readonly storage?: string;
  readonly taskId?: string;
  readonly timeout: number;
  readonly lockWait: number;
  readonly backoffLimit: number;
  readonly expiration?: ReadonlyMap<string, number>;
  readonly targetsOnlineKey?: boolean;
  readonly replaceWrongType?: true;
  readonly staleAfter?: number;
  readonly uncertainValues: 'Apply' | 'Ask';
  /** `recover` only. */
  readonly always?: true;
  /** `recover` only. */
  readonly approve?: string;
}

/** Adds them. */
export function addRecoveryOptions(command: Command): Command {
  command
    .requiredOption('--admin <name>', 'the admin the app belongs to')
    .requiredOption('--app <name>', 'the app')
    .option(
      '--storage <source>',
      'where its metadata is: a directory or s3://bucket/prefix; of a whole installation s3://bucket (S3_BUCKET_NAME)',
    );
  addTrustOptions(addStorageOptions(addRedisOptions(command)));
  command
    .option('--task-id <uuid>', 'id of the run, which becomes the marker; a new one when absent', parseUUID)
    .addOption(
      new Option('--timeout <time>', 'give up after this long, for example 90s or 5m')
        .argParser(parseSeconds(...flagBounds.timeoutSeconds))
        .default(300, '5m'),
    )
    .addOption(
      new Option(
        '--lock-wait <time>',
        "the longest wait for another recovery of the app, apart from --timeout; the server's own holds its lock for 330 s after a crash",
      )
        .argParser(parseSeconds(0, 3_600))
        .default(LOCK_WAIT_MS / 1_000, '6m'),
    )
    .addOption(
      new Option('--backoff-limit <n>', 'tries after transient failures')
        .argParser(parseInteger(...flagBounds.backoffLimit))
        .default(3),
    )
    .option(
      '--expiration <role=days>',
      'a lifetime that you know better than the metadata, for example nightly=90d; may be repeated',
      parsePerRole(parseDays(...flagBounds.expirationDays)),
    )
    .option(
      '--targets-online-key <boolean>',
      'whether the server holds the targets key (default: true)',
      parseBoolean,
    )
    .option('--replace-wrong-type', 'replace a key of the app that holds something other than a string')
    .addOption(
      new Option(
        '--uncertain-values <answer>',
        'when a lost setting may have had several values: apply the most probable one, or stop and ask',
      )
        .choices(['Apply', 'Ask'])
        .default('Apply'),
    )
    .option(
      '--stale-after <time>',
      'a bootstrap without a sign of life for this long is dead (default: 30m)',
      parseSeconds(...flagBounds.staleAfterSeconds),
    );
  return addOutputOption(command);
}

const topLevelRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const;

/**
 * The overrides in the flags. Names of the four top-level roles are theirs; any other is a delegated role.
 */
export function overridesOf(flags: RecoveryFlags): Overrides {
  const expirations = flags.expiration;
  const isTopLevel = (role: string): boolean => topLevelRoles.some((name) => name === role);
  return {
    ...(expirations !== undefined && {
      expirations: {
        ...Object.fromEntries([...expirations].filter(([role]) => isTopLevel(role))),
        roles: new Map([...expirations].filter(([role]) => !isTopLevel(role))),
      },
    }),
    ...(flags.targetsOnlineKey !== undefined && { targetsOnlineKey: flags.targetsOnlineKey }),
    ...(flags.replaceWrongType !== undefined && { replaceWrongType: flags.replaceWrongType }),
    ...(flags.staleAfter !== undefined && { staleAfterSeconds: flags.staleAfter }),
  };
}
