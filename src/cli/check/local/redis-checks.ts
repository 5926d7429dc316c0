import { RecoveryError } from '../../../errors.ts';
import type { App } from '../../../faynosync/app.ts';
import { lockKey, markerKey } from '../../../faynosync/keys.ts';
import { settingsOf } from '../../../faynosync/settings.ts';
import { describeEndpoint, type RedisEndpoint } from '../../../redis/endpoint.ts';
import { maxClockSkewMs } from '../../../redis/facts.ts';
import { RedisStateStore } from '../../../redis/redis-state-store.ts';
import { refusedCommands } from '../../../redis/refused-commands.ts';
import type { ServerFacts } from '../../../redis/state-store.ts';
import { TrackedReader } from '../../../redis/tracking/tracked-reader.ts';
import type { CheckItem } from '../check-report.ts';
import { failedItem, okItem, skippedItem, warningItem } from '../checklist.ts';
import { durabilityItems, redisWarningItem } from '../durability.ts';
import { failure } from './storage-checks.ts';

const aclPage = 'Grant what docs/reference/redis-acl.md lists.';

/**
 * Whether Redis answers, is the primary, keeps what it is given, allows what a recovery does, and reports
 * changes. Reads only: what may be written is asked of the ACL.
 *
 * @param delegatedNames delegated roles, as far as they are known
 */
export async function checkRedis(
  endpoint: RedisEndpoint,
  app: App,
  delegatedNames: readonly string[],
  signal: AbortSignal,
): Promise<readonly CheckItem[]> {
  const store = new RedisStateStore(endpoint);
  try {
    const keys = settingsOf(app, delegatedNames).map(({ key }) => key);
    const { facts, settings } = await read(store, [markerKey(app), ...keys], signal);
    return [
      reachable(endpoint, facts),
      role(facts),
      ...durability(facts),
      clock(facts, new Date()),
      settings,
      await permissions(endpoint, [markerKey(app), lockKey(app), ...keys], signal),
      await changeReports(endpoint),
    ];
  } catch (error) {
    return [failure('Redis', error)];
  } finally {
    await store.close();
  }
}

async function read(
  store: RedisStateStore,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly facts: ServerFacts; readonly settings: CheckItem }> {
  const facts = await store.facts(signal);
  try {
    const { values } = await store.observe(keys, signal);
    const present = [...values.values()].filter(({ kind }) => kind === 'string').length;
    return {
      facts,
      settings:
        present === keys.length
          ? okItem('Settings', `All ${keys.length} keys of the app are there.`)
          : warningItem(
              'Settings',
              `${present} of ${keys.length} keys of the app are there.`,
              'See what a recovery would write: tuf-recovery plan, with the same flags.',
            ),
    };
  } catch (error) {
    return { facts, settings: failure('Settings', error) };
  }
}

function reachable(endpoint: RedisEndpoint, { version }: ServerFacts): CheckItem {
  const what = version === undefined ? '' : `, version ${version}`;
  return okItem('Redis', `${describeEndpoint(endpoint)} answers${what}.`);
}

function role({ role: seen }: ServerFacts): CheckItem {
  switch (seen) {
    case 'master':
      return okItem('Redis role', 'It is the primary.');
    case 'replica':
      return failedItem(
        'Redis role',
        'It is a replica and takes no writes.',
        'Point --redis at the primary or at Sentinel.',
      );
    case undefined:
      return skippedItem('Redis role', 'INFO is refused, so the role is not known.');
  }
}

/** Each warning of the Redis taxonomy is a line; without one, both that matter most are said to be right. */
function durability({ warnings, version }: ServerFacts): readonly CheckItem[] {
  if (version === undefined) {
    return [
      warningItem(
        'Redis persistence',
        'INFO is refused.',
        `${aclPage} Persistence and eviction were not checked.`,
      ),
    ];
  }
  const details = new Map<string, string>(warnings.map(({ code, detail }) => [code, detail]));
  const others = warnings.filter(({ code }) => code !== 'RedisNotPersistent' && code !== 'RedisEvictsKeys');
  return [...durabilityItems(details), ...others.map(({ code, detail }) => redisWarningItem(code, detail))];
}

function clock({ time }: ServerFacts, now: Date): CheckItem {
  if (time === undefined) {
    return skippedItem('Clock', 'INFO is refused, so the clock of Redis is not known.');
  }
  const skewMs = Math.abs(now.getTime() - time.getTime());
  return skewMs <= maxClockSkewMs
    ? okItem('Clock', 'Redis and this machine agree on the time.')
    : warningItem(
        'Clock',
        `Redis and this machine are ${Math.round(skewMs / 1000)} s apart.`,
        'Run NTP on both: what has expired is judged by the clock.',
      );
}

async function permissions(
  endpoint: RedisEndpoint,
  keys: readonly string[],
  signal: AbortSignal,
): Promise<CheckItem> {
  const name = 'Redis permissions';
  try {
    const refused = await refusedCommands(endpoint, keys, signal);
    if (refused === undefined) {
      return skippedItem(name, "This Redis can't be asked what its ACL allows; version 7 can.");
    }
    const [first] = refused;
    if (first === undefined) {
      return okItem(name, `The ACL allows every command of a recovery on ${keys.length} keys.`);
    }
    const commands = refused.map(({ command }) => command).join(', ');
    return failedItem(name, `The ACL refuses ${commands}, for example on ${first.key}.`, aclPage);
  } catch (error) {
    if (error instanceof RecoveryError && error.code === 'RedisNoPermission') {
      return failedItem(name, error.message, aclPage);
    }
    return failure(name, error);
  }
}

/** A policy hears of losses at once only where Redis reports changed keys. */
async function changeReports(endpoint: RedisEndpoint): Promise<CheckItem> {
  const name = 'Change reports';
  const sink = { invalidated: () => {}, flushed: () => {}, closed: () => {} };
  try {
    const reader = await TrackedReader.open({ endpoint, prefixes: [], sink, canaryKey: undefined });
    const { tracking } = reader;
    reader.close();
    return tracking.kind === 'immediate'
      ? okItem(name, 'Redis reports changed keys: a policy hears of a loss at once.')
      : warningItem(
          name,
          `Redis does not report changed keys (${tracking.why}): a policy reads them every few seconds instead.`,
          'Grant what docs/reference/redis-acl.md lists under Detection.',
        );
  } catch (error) {
    return failure(name, error);
  }
}
