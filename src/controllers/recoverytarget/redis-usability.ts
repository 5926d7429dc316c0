import type { RecoveryTarget } from '../../api/recoverytarget.generated.ts';
import { RecoveryError } from '../../errors.ts';
import { lockKey, markerKey } from '../../faynosync/keys.ts';
import { settingsOf } from '../../faynosync/settings.ts';
import type { RedisEndpoint } from '../../redis/endpoint.ts';
import { maxClockSkewMs } from '../../redis/facts.ts';
import { refusedCommands } from '../../redis/refused-commands.ts';
import type { ServerFacts } from '../../redis/state-store.ts';

/** What a controller learns of a Redis beside what Redis says of itself. */
export interface RedisUsability {
  /** Between the clocks of Redis and of the controller; undefined when Redis does not tell its own. */
  readonly clockSkewSeconds: number | undefined;
  /**
   * Commands of a recovery that the ACL refuses; undefined when that is not known: no app was found yet,
   * nothing is to be written, or Redis is older than version 7.
   */
  readonly refusedCommands: readonly string[] | undefined;
  readonly warnings: ServerFacts['warnings'];
}

/** Every warning beside those that Redis gives rise to itself, by code: what follows, and what to do. */
export const usabilityWarnings = {
  RedisClockSkew: 'What has expired is judged by the clock. Run NTP on both.',
  RedisPermissionMissing: 'Recoveries will fail. Grant what docs/reference/redis-acl.md lists.',
} as const;

/**
 * Compares clocks, and asks what the ACL refuses on the keys of one app. Writes nothing.
 *
 * @param answeredAt on the controller's clock, when Redis answered with `facts`
 */
export async function probeUsability(
  endpoint: RedisEndpoint,
  { spec, status }: Pick<RecoveryTarget, 'spec' | 'status'>,
  facts: ServerFacts,
  answeredAt: Date,
  signal: AbortSignal,
): Promise<RedisUsability> {
  const skew =
    facts.time === undefined
      ? undefined
      : steadySkew(
          Math.round(Math.abs(answeredAt.getTime() - facts.time.getTime()) / 1_000),
          status.redis?.clockSkewSeconds,
        );
  const app = status.apps?.[0] ?? spec.trust.apps?.[0];
  const isWritten = spec.accessMode === 'ReadWrite' && facts.role !== 'replica';
  const refused =
    app === undefined || !isWritten
      ? undefined
      : await refusedOn(
          endpoint,
          [markerKey(app), lockKey(app), ...settingsOf(app, []).map(({ key }) => key)],
          signal,
        );
  return {
    clockSkewSeconds: skew,
    refusedCommands: refused,
    warnings: [...skewWarnings(skew), ...permissionWarnings(refused)],
  };
}

async function refusedOn(
  endpoint: RedisEndpoint,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  try {
    const refused = await refusedCommands(endpoint, keys, signal);
    return refused && [...new Set(refused.map(({ command }) => command))];
  } catch (error) {
    // That Redis answers is known already; a second question that fails makes it no less reachable.
    if (error instanceof RecoveryError) {
      return error.code === 'RedisNoPermission' ? ['eval_ro'] : undefined;
    }
    throw error;
  }
}

/**
 * The skew as it was reported before, while it is about the same: a clock that drifts, or an answer that
 * takes longer, is not worth a write of the status at every probe.
 */
function steadySkew(seconds: number, reported: number | undefined): number {
  return reported !== undefined && Math.abs(seconds - reported) <= Math.max(1, reported / 4)
    ? reported
    : seconds;
}

function skewWarnings(seconds: number | undefined): ServerFacts['warnings'] {
  if (seconds === undefined || seconds * 1_000 <= maxClockSkewMs) {
    return [];
  }
  const detail = `Redis and the controller are ${seconds} s apart. ${usabilityWarnings.RedisClockSkew}`;
  return [{ code: 'RedisClockSkew', detail }];
}

function permissionWarnings(refused: readonly string[] | undefined): ServerFacts['warnings'] {
  if (refused === undefined || refused.length === 0) {
    return [];
  }
  const detail = `The ACL refuses ${refused.join(', ')}. ${usabilityWarnings.RedisPermissionMissing}`;
  return [{ code: 'RedisPermissionMissing', detail }];
}
