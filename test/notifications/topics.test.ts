import { describe, expect, test } from 'vitest';
import { freshReasons, healthyReasons, recoverableReasons } from '../../src/api/bootstrapstate/reasons.ts';
import { succeededReasons } from '../../src/api/reasons.ts';
import { notificationTopic } from '../../src/notifications/topics.ts';

const warning = (reason: string, action = 'Verify') => ({ type: 'Warning', reason, action }) as const;
const normal = (reason: string, action = 'Verify') => ({ type: 'Normal', reason, action }) as const;

describe('a run', () => {
  test('is a notification at its end and when it waits for approval, and at no other time', () => {
    const topics = Object.entries(succeededReasons).map(([reason, { status }]) => [
      reason,
      status,
      notificationTopic('BootstrapRecovery', warning(reason, 'Recover')),
    ]);
    for (const [reason, status, topic] of topics) {
      if (reason === 'AwaitingApproval') {
        expect(topic).toBe('Approval');
      } else if (status === 'Unknown') {
        expect(topic, `${reason} is not the end`).toBeUndefined();
      }
    }
    const failures = topics.filter(([, , topic]) => topic === 'Failure').map(([reason]) => reason);
    expect(failures).toContain('TrustVerificationFailed');
    expect(failures).toContain('DeadlineExceeded');
    expect(failures).not.toContain('Cancelled');
    expect(notificationTopic('BootstrapRecovery', normal('Recovered', 'Recover'))).toBe('Recovery');
    expect(notificationTopic('BootstrapRecovery', normal('AlreadyConsistent', 'Recover'))).toBeUndefined();
    expect(notificationTopic('BootstrapRecovery', warning('DriftDetected', 'Recover'))).toBe('Loss');
  });

  test('is none for what it finds on its way', () => {
    expect(
      notificationTopic('BootstrapRecovery', warning('MetadataRefused', 'VerifyMetadata')),
    ).toBeUndefined();
    expect(notificationTopic('BootstrapRecovery', warning('BootstrapInProgress', 'Decide'))).toBeUndefined();
  });
});

describe('an app', () => {
  test.each([
    ['SettingsLost', warning('SettingsLost'), 'Loss'],
    ['CorruptType', warning('CorruptType'), 'Loss'],
    ['Expired', warning('Expired'), 'Expiry'],
    ['ExpiresSoon', normal('ExpiresSoon'), 'Expiry'],
    ['TrustVerificationFailed', warning('TrustVerificationFailed'), 'Failure'],
    ['ValuesDiffer', warning('ValuesDiffer'), 'Failure'],
    ['TooManyRecoveries', warning('TooManyRecoveries', 'Recover'), 'Failure'],
    // The target says these once; a thousand apps would say them a thousand times.
    ['RedisUnreachable', warning('RedisUnreachable'), undefined],
    ['SourceUnavailable', warning('SourceUnavailable'), undefined],
    ['ReferenceNotFound', warning('ReferenceNotFound'), undefined],
    ['Consistent', normal('Consistent'), undefined],
    ['Refreshing', normal('Refreshing'), undefined],
  ])('with %s', (_reason, event, topic) => {
    expect(notificationTopic('BootstrapState', event)).toBe(topic);
  });

  test('is none for anything good', () => {
    for (const [reason, { status }] of Object.entries({
      ...healthyReasons,
      ...recoverableReasons,
      ...freshReasons,
    })) {
      if (status === 'True' && reason !== 'ExpiresSoon') {
        expect(notificationTopic('BootstrapState', normal(reason)), reason).toBeUndefined();
      }
    }
  });
});

test('a target is a failure when it is not usable; a policy repeats what its apps say', () => {
  expect(notificationTopic('RecoveryTarget', warning('RedisUnreachable', 'Validate'))).toBe('Failure');
  expect(notificationTopic('RecoveryTarget', normal('Validated', 'Validate'))).toBeUndefined();
  expect(notificationTopic('RecoveryPolicy', warning('SettingsLost'))).toBeUndefined();
});
