import { describe, expect, test } from 'vitest';
import { runConditions } from '../../src/api/conditions.ts';
import { transitionEvents } from '../../src/api/events.ts';
import type { SucceededReason } from '../../src/api/reasons.ts';

const at = (reason: SucceededReason, message = 'because') =>
  runConditions(
    {
      succeeded: { reason, message },
      accepted: undefined,
      trustVerified: { reason: 'MetadataVerified', message: 'root 3' },
      stateVerified: { reason: 'Consistent', message: 'all 18 keys' },
    },
    [],
    1,
    new Date(0),
  );

describe('events', () => {
  test('one event for each transition, none when nothing changed', () => {
    const running = at('Running');
    const recovered = at('Recovered');
    expect(transitionEvents(running, recovered).map(({ reason, type }) => [reason, type])).toEqual([
      ['Recovered', 'Normal'],
    ]);
    expect(transitionEvents(recovered, recovered)).toEqual([]);
    expect(transitionEvents(running, at('Running', 'further on'))).toEqual([]);
  });

  test('the end of a run is one event, whatever else changed with it', () => {
    const begun = runConditions(
      {
        succeeded: { reason: 'Running', message: '' },
        accepted: undefined,
        trustVerified: { reason: 'NotChecked', message: '' },
        stateVerified: { reason: 'NotChecked', message: '' },
      },
      [],
      1,
      new Date(0),
    );
    const reasonsFor = (reason: SucceededReason) =>
      transitionEvents(begun, at(reason)).map((event) => event.reason);
    expect(reasonsFor('AlreadyConsistent')).toEqual(['AlreadyConsistent']);
    expect(reasonsFor('TrustVerificationFailed')).toEqual(['TrustVerificationFailed']);
    expect(reasonsFor('AwaitingApproval').sort()).toEqual([
      'AwaitingApproval',
      'Consistent',
      'MetadataVerified',
    ]);
    expect(transitionEvents([], begun)).toEqual([]);
  });

  test('the beginning of a run is reported without its empty states', () => {
    const pending = runConditions(
      {
        succeeded: { reason: 'Pending', message: '' },
        accepted: undefined,
        trustVerified: { reason: 'NotChecked', message: '' },
        stateVerified: { reason: 'NotChecked', message: '' },
      },
      [],
      1,
      new Date(0),
    );
    expect(transitionEvents([], pending)).toEqual([]);
  });

  test('failures and retries warn, a person who cancels is not warned', () => {
    const typeOf = (reason: SucceededReason) =>
      transitionEvents(at('Running'), at(reason)).find((event) => event.reason === reason)?.type;
    expect(typeOf('TrustVerificationFailed')).toBe('Warning');
    expect(typeOf('Retrying')).toBe('Warning');
    expect(typeOf('WaitingForTarget')).toBe('Warning');
    expect(typeOf('AwaitingApproval')).toBe('Normal');
    expect(typeOf('Cancelled')).toBe('Normal');
  });

  test('a note is never longer than the API admits', () => {
    const [event] = transitionEvents(at('Running'), at('Recovered', 'x'.repeat(5000)));
    expect(event?.note).toHaveLength(1024);
  });
});
