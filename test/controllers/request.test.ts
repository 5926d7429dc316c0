import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { runRequest } from '../../src/controllers/bootstraprecovery/request.ts';
import type { TargetConnection } from '../../src/controllers/target-connection/connect-target.ts';
import { RedisStateStore } from '../../src/redis/redis-state-store.ts';
import { DirectorySource } from '../../src/storage/directory.ts';
import { digest, runManifest, targetManifest } from './support/objects.ts';

const connection: TargetConnection = {
  source: new DirectorySource('/nowhere'),
  store: new RedisStateStore({ location: { kind: 'standalone', address: { host: 'nowhere', port: 1 } } }),
  anchor: { kind: 'first-use' },
  async [Symbol.asyncDispose]() {},
};

const now = new Date();
const context = {
  now,
  deadline: now,
  clock: systemClock,
  signal: new AbortController().signal,
  observer: { progress() {}, trusted() {}, planned() {}, accepted() {} },
};

const requestOf = (spec: Parameters<typeof runManifest>[0], target = targetManifest()) =>
  runRequest(runManifest(spec), target, connection, context);

describe('the request of a run', () => {
  test('the id of the task is the uid of the object', () => {
    expect(requestOf({ metadata: { uid: 'a-uuid' } })).toMatchObject({
      taskID: 'a-uuid',
      app: { adminName: 'alice', appName: 'tuf' },
      mode: 'Recover',
      strategy: 'IfNeeded',
      approval: { kind: 'Automatic' },
      overrides: {},
      trust: { anchor: { kind: 'first-use' }, policy: { mode: 'recovery' } },
      minReplicas: 0,
    });
  });

  test('approval is Manual with or without an approved plan', () => {
    expect(requestOf({ spec: { approval: 'Manual' } }).approval).toEqual({ kind: 'Manual' });
    expect(requestOf({ spec: { approval: 'Manual', approvedPlan: digest('a') } }).approval).toEqual({
      kind: 'Manual',
      approvedPlan: digest('a'),
    });
  });

  test('role names that are also names of JavaScript stay ordinary names', () => {
    const roles = JSON.parse('{"nightly": 90, "__proto__": 7, "constructor": 8}');
    const overrides = { expirations: { root: 365, roles }, replaceWrongType: true, staleAfterSeconds: 60 };
    expect(requestOf({ spec: { overrides } }).overrides).toEqual({
      expirations: {
        root: 365,
        roles: new Map([
          ['nightly', 90],
          ['__proto__', 7],
          ['constructor', 8],
        ]),
      },
      replaceWrongType: true,
      staleAfterSeconds: 60,
    });
    const decisions = { replaceWrongType: false, staleAfterSeconds: 1800, targetsOnlineKey: false };
    expect(requestOf({ spec: { overrides: decisions } }).overrides).toEqual(decisions);
  });

  test.each([
    ['45s', 45],
    ['10m', 600],
    ['48h', 172_800],
    ['90d', 7_776_000],
  ])('an age of %s is %i seconds', (maxExpiredAge, seconds) => {
    const { policy } = requestOf({ spec: { trust: { maxExpiredAge, onInvalidDelegation: 'Fail' } } }).trust;
    expect(policy.maxExpiredAgeSeconds).toBe(seconds);
  });

  test("a person's answers and the floor of the target reach the verifier", () => {
    const target = targetManifest({
      trust: { onFirstUse: true, minimumVersions: { root: 3, timestamp: 40 } },
    });
    const { policy } = requestOf(
      { spec: { trust: { acceptRollbackTo: 41, onInvalidDelegation: 'Skip' } } },
      target,
    ).trust;
    expect(policy).toEqual({
      mode: 'recovery',
      acceptRollbackTo: 41,
      onInvalidDelegation: 'Skip',
      minimumVersions: { root: 3, timestamp: 40 },
    });
  });
});
