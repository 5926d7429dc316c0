import { describe, expect, test } from 'vitest';
import { BootstrapUploadProgress } from '../../src/faynosync/bootstrap-progress.ts';
import type { Marker } from '../../src/faynosync/marker.ts';
import { refusalOf } from '../../src/recovery/trust.ts';
import { isUnfinished, type RedisBootstrapTrace } from '../../src/recovery/unfinished-bootstrap.ts';
import type { Finding } from '../../src/tuf/findings/finding.ts';
import { FINDINGS, type FindingKind } from '../../src/tuf/findings/findings.ts';

const finding = (check: number, more: Partial<Finding> = {}): Finding => ({
  code: 'SomeCode',
  check,
  severity: 'wall',
  role: 'targets',
  version: 7,
  spec: '5.6',
  detail: 'What was found.',
  ...more,
});

/** The refusal of a bucket of these files. */
function refused(
  names: readonly string[],
  ...findings: readonly Finding[]
): [readonly Finding[], BootstrapUploadProgress] {
  return [findings, filesOf(names)];
}

function filesOf(names: readonly string[]): BootstrapUploadProgress {
  const files = new BootstrapUploadProgress();
  for (const name of names) {
    files.add(name);
  }
  return files;
}

const request = {
  app: { adminName: 'alice', appName: 'tuf' },
  source: { location: 's3://bucket/prefix/', async *list() {}, get: async () => Buffer.of() },
};
const trace = (marker: Marker): RedisBootstrapTrace => ({ marker, bootstrap: undefined, keys: [] });
const whole = ['1.root.json', '1.targets.json', '1.snapshot.json', 'timestamp.json'];

describe('a bucket that is not believed', () => {
  test.each([
    ['TimestampMissing', 'TrustVerificationFailed'],
    ['SnapshotRollback', 'RollbackDetected'],
    ['RoleVersionLowered', 'RollbackDetected'],
    ['RoleNameCollides', 'KeyCollision'],
  ])('%s ends the run as %s, naming file, finding and place', (code, reason) => {
    const { ending, state } = refusalOf(...refused(whole, finding(1, { code })), request, undefined);
    expect(ending.succeeded).toEqual({ reason, message: `${code} (targets version 7): What was found.` });
    expect(state).toBeUndefined();
  });

  test('every finding that can refuse an older state says RollbackDetected, every one about shared names KeyCollision', () => {
    const reasonFor = (code: string) =>
      refusalOf(...refused(whole, finding(1, { code })), request, undefined).ending.succeeded.reason;
    const refusing = Object.entries<FindingKind>(FINDINGS).filter(
      ([, { severity }]) => severity !== 'report',
    );
    for (const [code, { check }] of refusing) {
      const reason =
        check === 14 || check === 15
          ? 'RollbackDetected'
          : check === 26
            ? 'KeyCollision'
            : 'TrustVerificationFailed';
      expect([code, reasonFor(code)]).toEqual([code, reason]);
    }
  });

  test('a finding that a person may answer names the setting', () => {
    const answerable = finding(18, { severity: 'deny', override: 'trust.maxExpiredAge' });
    const { ending } = refusalOf(
      ...refused(whole, finding(7, { severity: 'report' }), answerable),
      request,
      undefined,
    );
    expect(ending.succeeded.message).toContain('Set trust.maxExpiredAge in a new run to accept it.');
  });

  test('a finding without a version names the role', () => {
    const { version: _, ...unversioned } = finding(1);
    expect(refusalOf(...refused(whole, unversioned), request, undefined).ending.succeeded.message).toContain(
      'SomeCode (targets):',
    );
  });

  test('without any finding it is still refused', () => {
    expect(refusalOf(...refused(whole), request, undefined).ending.succeeded).toEqual({
      reason: 'TrustVerificationFailed',
      message: 'The metadata in s3://bucket/prefix/ does not verify.',
    });
  });
});

describe('a bucket that never was one', () => {
  test('has no root', () => {
    const { ending, state, accepted } = refusalOf(...refused(['1.targets.json']), request, undefined);
    expect({ state, accepted: accepted.reason, reason: ending.succeeded.reason }).toEqual({
      state: 'NeverBootstrapped',
      accepted: 'NoPersistedRoot',
      reason: 'SourceNotBootstrapped',
    });
    expect(isUnfinished(filesOf(['1.targets.json']))).toBe(true);
  });

  test('lacks what a bootstrap uploads last, and no marker says that it finished', () => {
    const broken = refused(['1.root.json', '1.targets.json', '1.snapshot.json'], finding(11));
    expect(isUnfinished(broken[1])).toBe(true);
    expect(isUnfinished(filesOf(whole))).toBe(false);
    const { ending, state } = refusalOf(...broken, request, trace({ kind: 'absent' }));
    expect(state).toBe('FailedBootstrap');
    expect(ending.succeeded.message).toBe(
      'The bootstrap of alice/tuf never finished: timestamp.json is missing in s3://bucket/prefix/. ' +
        'Upload the missing files and create a new run, or delete 1.root.json in s3://bucket/prefix/ and bootstrap again.',
    );
  });

  test('lacks no file: then it is one, and does not verify, also without a marker', () => {
    const refusal = refusalOf(...refused(whole, finding(11)), request, trace({ kind: 'absent' }));
    expect([refusal.state, refusal.ending.succeeded.reason]).toEqual([undefined, 'TrustVerificationFailed']);
  });

  test('but a marker says that it did: then files were lost', () => {
    const broken = refused(['1.root.json'], finding(11));
    expect(refusalOf(...broken, request, trace({ kind: 'done', id: 'x' })).ending.succeeded.reason).toBe(
      'TrustVerificationFailed',
    );
    expect(refusalOf(...broken, request, trace({ kind: 'absent' })).ending.succeeded.message).toContain(
      '1.targets.json, 1.snapshot.json, timestamp.json are missing',
    );
  });

  const pending = (alive: boolean): RedisBootstrapTrace => ({
    marker: { kind: 'bootstrapping', id: 'f1' },
    bootstrap: { id: 'f1', alive },
    keys: ['BOOTSTRAP_alice_tuf', 'pre-f1'],
  });

  test.each([
    ['no file', []],
    ['delegated roles', ['1.nightly.json']],
    ['the root', ['1.nightly.json', '1.root.json']],
    ['everything but the timestamp', ['1.root.json', '1.targets.json', '1.snapshot.json']],
  ])('is being bootstrapped just now, with %s uploaded: the task is named', (_, names) => {
    const { ending, state, accepted } = refusalOf(...refused(names, finding(11)), request, pending(true));
    expect(state).toBe('InProgress');
    expect(ending.succeeded.reason).toBe('BootstrapInProgress');
    expect(accepted).toMatchObject({ reason: 'BootstrapInProgress', blockingTask: 'f1' });
  });

  test('was left by a bootstrap that was killed: task, keys, files and the ways out are named', () => {
    const killed = refused(['1.nightly.json', '1.root.json'], finding(11));
    const { ending, state } = refusalOf(...killed, request, pending(false));
    expect(state).toBe('FailedBootstrap');
    expect(ending.succeeded).toEqual({
      reason: 'FailedBootstrap',
      message:
        'The bootstrap of alice/tuf (task_id=f1) never finished: 1.targets.json, 1.snapshot.json, timestamp.json are missing in s3://bucket/prefix/. ' +
        'Upload the missing files and create a new run, or delete the keys BOOTSTRAP_alice_tuf and pre-f1 in Redis and 1.root.json in s3://bucket/prefix/ and bootstrap again.',
    });
    const rootless = refusalOf(...refused(['1.nightly.json']), request, pending(false));
    expect(rootless.ending.succeeded.message).toContain('1.root.json, 1.targets.json');
    expect(rootless.ending.succeeded.message).toContain(
      'delete the keys BOOTSTRAP_alice_tuf and pre-f1 in Redis and bootstrap again.',
    );
  });
});
