import { describe, expect, test } from 'vitest';
import { inOneTurn } from '../../src/async/in-turns.ts';
import {
  applyCommand,
  decodeObserved,
  lockCommand,
  observeCommand,
  refusedCommand,
  releaseCommand,
  renewCommand,
  searchCommand,
} from '../../src/redis/scripts.ts';

const decode = (keys: readonly string[], reply: unknown) => inOneTurn(decodeObserved(keys, reply));

describe('what the script for reading answers', () => {
  test('is absent, a value or another type, with the TTL of a value', () => {
    expect([
      ...(decode(
        ['a', 'b', 'c', 'd', 'e', 'f'],
        [...['-', -1, '=', -1, '=-1', 5], ...['=x', 0, '!list', -1, '==', -2]],
      ) ?? []),
    ]).toEqual([
      ['a', { kind: 'absent' }],
      ['b', { kind: 'string', value: '', ttlMs: undefined }],
      ['c', { kind: 'string', value: '-1', ttlMs: 5 }],
      ['d', { kind: 'string', value: 'x', ttlMs: 0 }],
      ['e', { kind: 'wrongType', type: 'list' }],
      ['f', { kind: 'string', value: '=', ttlMs: undefined }],
    ]);
    expect(decode([], [])?.size).toBe(0);
  });

  test.each<[string, unknown]>([
    ['no list', 'OK'],
    ['nothing', null],
    ['a list that is too short', ['=1']],
    ['a list that is too long', ['=1', -1, '=1', -1]],
    ['a value without its mark', ['1', -1]],
    ['an empty text', ['', -1]],
    ['a number for a value', [1, -1]],
    ['a text for a TTL', ['=1', '-1']],
    ['an absent key without a TTL', ['-', null]],
  ])('%s is no such answer', (_, reply) => {
    expect(decode(['a'], reply)).toBeUndefined();
  });
});

describe('what the scripts are given', () => {
  const given = ([command, , ...rest]: ReturnType<typeof lockCommand>) => [command, ...rest];

  test('a plan: for each key what it must hold and what becomes of it', () => {
    const changes = [
      { key: 'a', before: undefined, act: { set: '' } },
      { key: 'b', before: { value: '' }, act: 'persist' },
      { key: 'c', before: { value: '-' }, act: 'delete' },
      { key: 'd', before: { wrongType: 'list' }, act: 'keep' },
    ] as const;
    expect(given(applyCommand('lock', 'me', changes))).toEqual([
      'EVAL',
      5,
      ['lock', 'a', 'b', 'c', 'd'],
      ['me', '-', '=', '=', 'p', '=-', 'd', '!list', 'k'],
    ]);
  });

  test('a lock, its owner, its life in milliseconds and the task it belongs to', () => {
    const lock = { key: 'lock', owner: 'task/1', ttlMs: 5_000 };
    expect(given(lockCommand(lock, false))).toEqual(['EVAL', 1, ['lock'], ['task/1', '5000', '0', 'task/1']]);
    const ofTask = { ...lock, task: 'task' };
    expect(given(lockCommand(ofTask, true))).toEqual(['EVAL', 1, ['lock'], ['task/1', '5000', '1', 'task']]);
    expect(given(renewCommand('lock', 'task/1', 5_000))).toEqual(['EVAL', 1, ['lock'], ['task/1', '5000']]);
    expect(given(releaseCommand(ofTask, false))).toEqual(['EVAL', 1, ['lock'], ['task/1', '']]);
    expect(given(releaseCommand(ofTask, true))).toEqual(['EVAL', 1, ['lock'], ['', 'task']]);
    expect(given(releaseCommand(lock, true))).toEqual(['EVAL', 1, ['lock'], ['', 'task/1']]);
  });

  test('keys to read or to ask about, and a search with its bounds', () => {
    expect(given(refusedCommand(['a', 'b']))).toEqual(['EVAL_RO', 2, ['a', 'b'], []]);
    expect(given(observeCommand('EVAL_RO', ['a', 'b']))).toEqual(['EVAL_RO', 2, ['a', 'b'], []]);
    const search = { unlessPresent: ['a'], pattern: 'task:*', containing: ['x', 'y'] };
    expect(given(searchCommand('EVAL', search))).toEqual([
      'EVAL',
      1,
      ['a'],
      ['task:*', '20', '4096', '64', 'x', 'y'],
    ]);
  });
});
