import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import { APIError, isInvalid } from '../../src/kube/client/api-error.ts';
import { ConnectionError } from '../../src/kube/client/connection-error.ts';
import { EVENTS, type KubernetesEvent } from '../../src/kube/events/event.ts';
import { EventRecorder, type EventRecorderOptions } from '../../src/kube/events/event-recorder.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { poll } from '../harness/poll.ts';
import { observed } from './fixtures/observed.ts';
import { WIDGETS, widget } from './fixtures/widget.ts';
import { type WidgetCluster, widgetCluster } from './fixtures/widgetcluster.ts';

let world: WidgetCluster;
beforeAll(async () => {
  world = await widgetCluster();
});
afterAll(() => world[Symbol.asyncDispose]());

const STARTED = { type: 'Normal', reason: 'Started', action: 'Run', note: 'it has begun' } as const;

function startRecorder(options: Partial<EventRecorderOptions> = {}) {
  const seen = observed();
  const recorder = new EventRecorder({
    client: world.client,
    reportingController: 'kube.test/controller',
    reportingInstance: 'pod-1',
    logger: seen.logger,
    metrics: seen.metrics,
    clock: systemClock,
    ...options,
  });
  return { recorder, seen };
}

async function eventsOf(name: string): Promise<readonly KubernetesEvent[]> {
  const { items } = await world.client.list(EVENTS, { namespace: world.namespace });
  return items.filter(({ regarding }) => regarding.name === name);
}

test('an event is accepted by the real API server and names everything that took part', async () => {
  const subject = await world.client.create(WIDGETS, widget(world.namespace, 'subject'));
  const related = await world.client.create(WIDGETS, widget(world.namespace, 'related'));
  const { recorder } = startRecorder();
  recorder.event(subject, { ...STARTED, related, note: `${'ü'.repeat(600)} end` });
  const [event] = await poll('the event', async () => {
    const events = await eventsOf('subject');
    return events.length > 0 && events;
  });
  expect(event).toMatchObject({
    type: 'Normal',
    reason: 'Started',
    action: 'Run',
    reportingController: 'kube.test/controller',
    reportingInstance: 'pod-1',
    regarding: { kind: 'Widget', name: 'subject', uid: subject.metadata.uid, namespace: world.namespace },
    related: { kind: 'Widget', name: 'related', uid: related.metadata.uid },
  });
  expect(event?.eventTime).toMatch(/\.\d{6}Z$/);
  expect(event?.note).toMatch(/^ü+…$/);
  expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1_024);
  await recorder.close(1_000);
});

test('the three digits of toISOString are refused, which is why there is a MicroTime', async () => {
  const event = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: world.namespace, name: 'three-digits' },
    eventTime: '2026-01-01T00:00:00.000Z',
    ...{
      reportingController: 'kube.test/controller',
      reportingInstance: 'x',
      type: 'Normal',
      reason: 'R',
      action: 'A',
    },
    regarding: { apiVersion: 'v1', kind: 'Namespace', name: world.namespace, namespace: world.namespace },
  };
  const failure: unknown = await world.client.create(EVENTS, event).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(APIError);
  expect(isInvalid(failure)).toBe(false);
  expect(failure).toMatchObject({ status: 400 });
});

test('repeats become one series: written at the first repeat and at the end, with the whole count', async () => {
  const subject = await world.client.create(WIDGETS, widget(world.namespace, 'repeats'));
  const { recorder, seen } = startRecorder();
  for (let count = 0; count < 5; count += 1) {
    recorder.event(subject, STARTED);
  }
  recorder.event(subject, { ...STARTED, reason: 'Finished' });
  await recorder.close(10_000);
  const events = await eventsOf('repeats');
  expect(events.map(({ reason, series }) => [reason, series?.count]).sort()).toEqual([
    ['Finished', undefined],
    ['Started', 5],
  ]);
  expect(await seen.value('test_events_total', { result: 'created' })).toBe(2);
  expect(await seen.value('test_events_total', { result: 'aggregated' })).toBe(4);
  recorder.event(subject, { ...STARTED, reason: 'TooLate' });
  expect(await eventsOf('repeats')).toHaveLength(2);
});

/** A client that notes what is written and fails as `fail` says. */
function noting(fail: (call: number) => Error | undefined = () => undefined) {
  const calls: string[] = [];
  const answer = async (call: string): Promise<void> => {
    calls.push(call);
    const error = fail(calls.length);
    if (error !== undefined) {
      throw error;
    }
  };
  // Two methods of the client, by what the recorder hands them: a count, or none for a new event.
  const create = (_resource: unknown, { series }: { series?: { count: number } }) =>
    answer(`create ${series?.count ?? 1}`);
  const patch = (_resource: unknown, _key: unknown, { body }: { body: { series: { count: number } } }) =>
    answer(`patch ${body.series.count}`);
  const client = { create, patch } as unknown as Pick<APIClient, 'create' | 'patch'>;
  return { calls, client };
}

const SUBJECT = {
  apiVersion: 'kube.test/v1',
  kind: 'Widget',
  metadata: { namespace: 'n', name: 'a', uid: 'u', resourceVersion: '1' },
};

test('a series is refreshed every half hour and ends after six quiet minutes', async () => {
  const clock = new ManualClock();
  const { calls, client } = noting();
  const { recorder } = startRecorder({ clock, client });
  for (let minute = 0; minute <= 60; minute += 5) {
    recorder.event(SUBJECT, STARTED);
    await clock.advance(5 * 60_000);
  }
  expect(calls).toEqual(['create 1', 'patch 2', 'patch 7', 'patch 13']);
  await clock.advance(10 * 60_000);
  recorder.event(SUBJECT, STARTED);
  await clock.advance(1);
  expect(calls.at(-1)).toBe('create 1');
  await recorder.close(0);
  expect(clock.pending).toBe(0);
});

test('an outage delays an event, a refusal drops it, and neither is felt by the caller', async () => {
  const clock = new ManualClock();
  const outage = noting((call) => (call <= 3 ? new ConnectionError('Refused', 'down') : undefined));
  const first = startRecorder({ clock, client: outage.client });
  first.recorder.event(SUBJECT, STARTED);
  await clock.advance(30_000);
  expect(outage.calls).toHaveLength(4);
  const refusal = noting(() => new APIError('POST', 403, { reason: 'Forbidden' }));
  const second = startRecorder({ clock, client: refusal.client });
  second.recorder.event(SUBJECT, STARTED);
  await clock.advance(30_000);
  expect(refusal.calls).toHaveLength(1);
  expect(await second.seen.value('test_events_total', { result: 'failed' })).toBe(1);
  expect(second.seen.lines.some(({ msg }) => msg?.includes('it is dropped'))).toBe(true);
});

test('what a server under load does not take is written later, and holds up no other event', async () => {
  const clock = new ManualClock();
  const busy = new APIError('POST', 429, { reason: 'TooManyRequests' });
  const answers = [busy, undefined, new APIError('POST', 503, {}), undefined];
  const { calls, client } = noting((call) => answers[call - 1]);
  const { recorder, seen } = startRecorder({ clock, client });
  recorder.event(SUBJECT, STARTED);
  recorder.event({ ...SUBJECT, metadata: { ...SUBJECT.metadata, name: 'other', uid: 'v' } }, STARTED);
  await clock.advance(0);
  expect(calls).toHaveLength(2);
  expect(await seen.value('test_events_total', { result: 'created' })).toBe(1);
  await clock.advance(30_000);
  expect(calls).toHaveLength(4);
  expect(await seen.value('test_events_total', { result: 'created' })).toBe(2);
  expect(await seen.value('test_events_total', { result: 'failed' })).toBeFalsy();
});

test('what waits for a server under load is tried once more when the recorder closes', async () => {
  const clock = new ManualClock();
  const { calls, client } = noting((call) => (call === 1 ? new APIError('POST', 503, {}) : undefined));
  const { recorder, seen } = startRecorder({ clock, client });
  recorder.event(SUBJECT, STARTED);
  await clock.advance(0);
  await recorder.close(1_000);
  expect(calls).toHaveLength(2);
  expect(await seen.value('test_events_total', { result: 'created' })).toBe(1);
});

test('a server that is always busy is asked a dozen times for an event, and no more', async () => {
  const clock = new ManualClock();
  const { calls, client } = noting(() => new APIError('POST', 503, {}));
  const { recorder, seen } = startRecorder({ clock, client });
  recorder.event(SUBJECT, STARTED);
  for (let minute = 0; minute < 5; minute += 1) {
    await clock.advance(60_000);
  }
  expect(calls).toHaveLength(12);
  expect(await seen.value('test_events_total', { result: 'failed' })).toBe(1);
});

test('an event whose answer was lost is not refused for being there already', async () => {
  const clock = new ManualClock();
  const answers = [
    new ConnectionError('Refused', 'down'),
    new APIError('POST', 409, { reason: 'AlreadyExists' }),
  ];
  const { calls, client } = noting((call) => answers[call - 1]);
  const { recorder, seen } = startRecorder({ clock, client });
  recorder.event(SUBJECT, STARTED);
  await clock.advance(30_000);
  expect(calls).toHaveLength(2);
  expect(await seen.value('test_events_total', { result: 'failed' })).toBeFalsy();
});

test('an event the server has already forgotten is created anew, with its count', async () => {
  const clock = new ManualClock();
  const { calls, client } = noting((call) =>
    call === 2 ? new APIError('PATCH', 404, { reason: 'NotFound' }) : undefined,
  );
  const { recorder } = startRecorder({ clock, client });
  recorder.event(SUBJECT, STARTED);
  recorder.event(SUBJECT, STARTED);
  await clock.advance(1);
  expect(calls).toEqual(['create 1', 'patch 2', 'create 2']);
});

test('memory stays bounded while nothing can be written: the newest events are dropped and counted', async () => {
  const clock = new ManualClock();
  const { client } = noting(() => new ConnectionError('Refused', 'down'));
  const { recorder, seen } = startRecorder({ clock, client });
  const other = { ...SUBJECT, metadata: { ...SUBJECT.metadata, namespace: 'other' } };
  const dropped = () => seen.value('test_events_total', { result: 'dropped' });
  const flood = (subject: typeof SUBJECT, count: number) => {
    for (let index = 0; index < count; index += 1) {
      recorder.event(subject, { ...STARTED, reason: `Reason${index}` });
    }
  };
  flood(SUBJECT, 1_500);
  expect(await dropped()).toBe(1_000);
  // One namespace takes half of what may wait, so that the events of the others are not lost with its own.
  flood(other, 500);
  expect(await dropped()).toBe(1_000);
  flood(other, 1);
  expect(await dropped()).toBe(1_001);
  const closing = recorder.close(1_000);
  await clock.advance(1_000);
  await closing;
});

test('a subscriber gets each event, and one that fails costs no event', async () => {
  const subject = await world.client.create(WIDGETS, widget(world.namespace, 'subscribed'));
  const heard: string[] = [];
  const { recorder, seen } = startRecorder({
    subscriber: {
      event: (regarding, { reason }) => {
        heard.push(`${reason} ${regarding.metadata.name}`);
        throw new Error('the webhook has a defect');
      },
      close: async () => void heard.push('closed'),
    },
  });
  recorder.event(subject, STARTED);
  recorder.event(subject, STARTED);
  recorder.event(subject, { ...STARTED, reason: 'Ended' });
  await poll('the events', async () => (await eventsOf('subscribed')).length === 2);
  await recorder.close(1_000);
  expect(heard).toEqual(['Started subscribed', 'Started subscribed', 'Ended subscribed', 'closed']);
  expect(seen.lines.filter(({ msg }) => msg === 'an event could not be passed on')).toHaveLength(3);
});
