import type { BootstrapState } from '../../src/api/bootstrapstate.generated.ts';
import { apiVersion } from '../../src/api/resources.ts';

/** The moment everything in these tests is seen at. */
export const now = new Date('2026-06-01T12:00:00Z');

/** What a test says about a state; the rest is that of a healthy app. */
export interface StateParts {
  readonly metadata?: Partial<BootstrapState['metadata']>;
  readonly spec?: Partial<BootstrapState['spec']>;
  readonly status?: Partial<BootstrapState['status']>;
}

/** One condition, for example `condition('Healthy', 'True', 'Consistent')`. */
export function condition(type: string, status: 'True' | 'False' | 'Unknown', reason: string, message = '') {
  return { type, status, reason, message, lastTransitionTime: '2026-06-01T10:00:00Z' };
}

/** A state as the API server returns it. */
export function stateManifest({ metadata, spec, status }: StateParts = {}): BootstrapState {
  return {
    apiVersion,
    kind: 'BootstrapState',
    metadata: { name: 'state', namespace: 'prod', uid: 'state', resourceVersion: '1', ...metadata },
    spec: { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf', ...spec },
    status: {
      state: 'Healthy',
      lastVerificationTime: '2026-06-01T11:57:00Z',
      freshUntilTime: '2026-06-02T00:00:00Z',
      recoverable: { summary: '17/17', exact: 17, total: 17 },
      metadata: {
        root: { version: 3, expiresTime: '2027-06-01T12:00:00Z', warnTime: '2027-03-01T12:00:00Z' },
        timestamp: { version: 9, expiresTime: '2026-06-02T00:00:00Z', warnTime: '2026-06-01T18:00:00Z' },
      },
      conditions: [
        condition('Healthy', 'True', 'Consistent'),
        condition('Recoverable', 'True', 'Exact'),
        condition('Fresh', 'True', 'Fresh'),
      ],
      ...status,
    },
  };
}
