import { expect, test } from 'vitest';
import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { appTable } from '../../src/cli/kubectl/status/app-table.ts';
import { paintFor } from '../../src/cli/output/style.ts';

const now = new Date('2026-11-27T12:00:00Z');

function state(appName: string, status: BootstrapState['status'], target = 'default'): BootstrapState {
  return {
    apiVersion: 'tuf-recovery.dev/v1alpha1',
    kind: 'BootstrapState',
    metadata: { name: `s-${appName}`, namespace: 'ns', uid: 'u', resourceVersion: '1' },
    spec: { targetRef: { name: target }, adminName: 'alice', appName },
    status,
  };
}

function condition(type: string, status: 'True' | 'False' | 'Unknown', reason: string) {
  return { type, status, reason, message: 'It is so.', lastTransitionTime: '2026-11-27T10:00:00Z' };
}

const healthy = state('tuf', {
  state: 'Healthy',
  lastVerificationTime: '2026-11-27T11:59:40Z',
  freshUntilTime: '2026-11-27T23:00:00Z',
  metadata: {
    root: { version: 1, expiresTime: '2027-11-27T23:00:00Z' },
    timestamp: { version: 9, expiresTime: '2026-11-27T23:00:00Z' },
  },
  recoverable: { summary: '17/17', exact: 17, total: 17 },
  conditions: [condition('Healthy', 'True', 'Consistent')],
});
const lost = state('Desktop-App', {
  state: 'FullLoss',
  lastVerificationTime: '2026-11-27T11:50:30Z',
  freshUntilTime: '2026-11-24T12:00:00Z',
  metadata: { delegated: { role: 'nightly', version: 2, expiresTime: '2026-11-24T12:00:00Z' } },
  conditions: [condition('Healthy', 'False', 'SettingsLost')],
});
const fresh = state('new', {});

function shown(states: readonly BootstrapState[], columns?: number, wide = false): readonly string[] {
  const paint = paintFor({ color: false, columns });
  return appTable(states, { paint, namespaces: false, wide, now }).trimEnd().split('\n');
}

test('an app is a line in words', () => {
  expect(shown([healthy])).toEqual([
    'alice/tuf  Healthy  17/17 recoverable  checked 20 s ago  timestamp expires in 11 h',
  ]);
  expect(shown([healthy, lost, fresh], 120)).toEqual([
    'alice/tuf          Healthy      17/17 recoverable  checked 20 s ago      timestamp expires in 11 h',
    'alice/Desktop-App  FullLoss     -                  checked 9 m 30 s ago  nightly expired 3 d ago',
    'alice/new          NotVerified  -                  never checked         -',
  ]);
});

test('where the words do not fit it is a table that loses nothing', () => {
  expect(shown([healthy, lost, fresh], 80)).toEqual([
    'APP                HEALTH       RECOVERABLE  CHECKED       EXPIRES',
    'alice/tuf          Healthy      17/17        20 s ago      timestamp in 11 h',
    'alice/Desktop-App  FullLoss     -            9 m 30 s ago  nightly 3 d ago',
    'alice/new          NotVerified  -            never         -',
  ]);
  expect(shown([healthy], 81)).toHaveLength(2);
  expect(shown([healthy], 82)).toHaveLength(1);
});

test('the target is named where there are several, and wide', () => {
  const other = { ...healthy, spec: { ...healthy.spec, targetRef: { name: 'other' } } };
  expect(shown([healthy, other]).map((line) => line.split(/ {2,}/)[1])).toEqual(['default', 'other']);
  expect(shown([healthy], undefined, true)).toEqual([
    'APP        TARGET   HEALTH   RECOVERABLE  CHECKED   EXPIRES            STATE  MESSAGE',
    'alice/tuf  default  Healthy  17/17        20 s ago  timestamp in 11 h  s-tuf  It is so.',
  ]);
});
