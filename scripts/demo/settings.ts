import type { Redis } from 'ioredis';

/** The app's settings in Redis, sorted by key: every key that ends in the app's suffix. */
export async function readSettings(redis: Redis, suffix: string): Promise<ReadonlyMap<string, string>> {
  const keys = (await redis.keys(`*_${suffix}`)).sort();
  const values = keys.length > 0 ? await redis.mget(keys) : [];
  return new Map(keys.map((key, index) => [key, values[index] ?? '']));
}

/** Rows for a table; an empty value is shown as such. */
export function settingRows(settings: ReadonlyMap<string, string>): [string, string][] {
  return [...settings].map(([key, value]) => [key, value === '' ? '""' : value]);
}

/** Whether two sets hold the same members. */
export function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}
