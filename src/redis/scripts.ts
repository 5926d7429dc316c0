import { readFileSync } from 'node:fs';
import type { Steps } from '../async/in-turns.ts';
import { embeddedFiles } from '../embedded-files.ts';
import type { Command } from './encoded-command.ts';
import type { Change, Lock, ObservedValue, ObservedValues, RecordSearch } from './state-store.ts';

/**
 * The scripts are sent whole, with EVAL. EVALSHA would save two kilobytes a run and add an outcome: after a
 * failover between loading and calling, the write answers NOSCRIPT. It would also need one more command in
 * the ACL.
 */
const read = (name: string): string =>
  embeddedFiles.get(`scripts/${name}.lua`) ??
  readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), 'utf8');

const source = {
  observe: read('observe'),
  search: read('search'),
  lock: read('lock'),
  renew: read('renew'),
  release: read('release'),
  apply: read('apply'),
  refused: read('refused'),
} as const;

/** EVAL of one script; `keys` are declared so that the ACL is asked for each before the script starts. */
function evaluate(
  command: 'EVAL' | 'EVAL_RO',
  name: keyof typeof source,
  keys: readonly string[],
  args: readonly string[],
): Command {
  return [command, source[name], keys.length, keys, args];
}

/**
 * @param command `EVAL_RO` (Redis 7 and later) lets the ACL grant keys read-only; `EVAL` for older servers
 */
export function observeCommand(command: 'EVAL' | 'EVAL_RO', keys: readonly string[]): Command {
  return evaluate(command, 'observe', keys, []);
}

/** Limits of a search: 20 SCANs of 500 keys take a few milliseconds. */
const SEARCH = { scans: 20, valueBytes: 4_096, valuesPerText: 64 } as const;

export function searchCommand(
  command: 'EVAL' | 'EVAL_RO',
  { unlessPresent, pattern, containing }: RecordSearch,
): Command {
  const { scans, valueBytes, valuesPerText } = SEARCH;
  const limits = [scans, valueBytes, valuesPerText].map(String);
  return evaluate(command, 'search', unlessPresent, [pattern, ...limits, ...containing]);
}

export function lockCommand({ key, owner, task = owner, ttlMs }: Lock, replaceWrongType: boolean): Command {
  return evaluate('EVAL', 'lock', [key], [owner, String(ttlMs), replaceWrongType ? '1' : '0', task]);
}

export function renewCommand(key: string, owner: string, ttlMs: number): Command {
  return evaluate('EVAL', 'renew', [key], [owner, String(ttlMs)]);
}

/** @param anyAttempt whichever attempt of the task owns it */
export function releaseCommand({ key, owner, task = owner }: Lock, anyAttempt: boolean): Command {
  return evaluate('EVAL', 'release', [key], anyAttempt ? ['', task] : [owner, '']);
}

/** Declares the keys as read: the ACL is asked about writing them inside. */
export function refusedCommand(keys: readonly string[]): Command {
  return evaluate('EVAL_RO', 'refused', keys, []);
}

export function applyCommand(lockKey: string, owner: string, changes: readonly Change[]): Command {
  return evaluate(
    'EVAL',
    'apply',
    [lockKey, ...changes.map(({ key }) => key)],
    [owner, ...changes.flatMap(({ before, act }) => [encodeBefore(before), encodeAct(act)])],
  );
}

/** The notation of observe.lua and apply.lua: `-` absent, `=value`, `!type`. */
function encodeBefore(before: Change['before']): string {
  if (before === undefined) {
    return '-';
  }
  return 'value' in before ? `=${before.value}` : `!${before.wrongType}`;
}

function encodeAct(act: Change['act']): string {
  if (typeof act !== 'string') {
    return `=${act.set}`;
  }
  return { persist: 'p', delete: 'd', keep: 'k' }[act];
}

/** Reads the reply of observe.lua; undefined when it is not one. */
export function* decodeObserved(keys: readonly string[], reply: unknown): Steps<ObservedValues | undefined> {
  if (!Array.isArray(reply) || reply.length !== 2 * keys.length) {
    return undefined;
  }
  const values = new Map<string, ObservedValue>();
  for (const [i, key] of keys.entries()) {
    const value = decodeHeld(reply[2 * i], reply[2 * i + 1]);
    if (value === undefined) {
      return undefined;
    }
    values.set(key, value);
    yield;
  }
  return values;
}

function decodeHeld(held: unknown, ttl: unknown): ObservedValue | undefined {
  if (typeof held !== 'string' || typeof ttl !== 'number') {
    return undefined;
  }
  const rest = held.slice(1);
  switch (held[0]) {
    case '-':
      return { kind: 'absent' };
    case '=':
      return { kind: 'string', value: rest, ttlMs: ttl < 0 ? undefined : ttl };
    case '!':
      return { kind: 'wrongType', type: rest };
    default:
      return undefined;
  }
}
