import type { CheckItem } from './check-report.ts';
import { okItem, splitAdvice, warningItem } from './checklist.ts';

/**
 * Whether Redis keeps what it is given.
 *
 * @param details what Redis' warnings say, by code
 */
export function durabilityItems(details: ReadonlyMap<string, string>): readonly CheckItem[] {
  const line = (name: string, code: string, good: string): CheckItem => {
    const detail = details.get(code);
    return detail === undefined ? okItem(name, good) : redisWarningItem(name, detail);
  };
  return [
    line('Redis persistence', 'RedisNotPersistent', 'appendonly is yes: a crash loses a second at most.'),
    line('Redis eviction', 'RedisEvictsKeys', 'No setting is evicted when memory is short.'),
  ];
}

/** What a warning of Redis says. */
export function redisWarningItem(name: string, detail: string): CheckItem {
  const { what, fix = detail } = splitAdvice(detail);
  return warningItem(name, what, fix);
}
