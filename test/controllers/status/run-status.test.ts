import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BootstrapRecovery } from '../../../src/api/bootstraprecovery.generated.ts';
import { bootstrapRecoveries, fieldManager, lockFinalizer } from '../../../src/api/resources.ts';
import { systemClock } from '../../../src/async/clock.ts';
import {
  draftOf,
  type StatusDraft,
  withAttempt,
  withProgress,
  withVerdict,
} from '../../../src/controllers/bootstraprecovery/draft.ts';
import { RunStatus } from '../../../src/controllers/bootstraprecovery/run-status.ts';
import { APIClient } from '../../../src/kube/client/api-client.ts';
import { EventRecorder } from '../../../src/kube/events/event-recorder.ts';
import { RuntimeMetrics } from '../../../src/kube/metrics/runtime-metrics.ts';
import type { RunStage } from '../../../src/recovery/observer.ts';
import { ManualClock } from '../../async/fixtures/manual-clock.ts';
import { poll } from '../../harness/poll.ts';
import { sharedAPIServer } from '../../harness/shared-apiserver.ts';
import { type TestNamespace, testNamespace } from '../support/namespace.ts';

let namespace: TestNamespace;
let client: APIClient;
const metrics = new RuntimeMetrics({ registry: new Registry(), prefix: 'test' });
const logger = pino({ level: 'silent' });

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  client = new APIClient({ loadConfig: () => namespace.cluster.kubeConfig(), userAgent: 'test', metrics });
});

afterAll(() => client?.close());

/** Whether the process under test leads. */
const leading = {
  yes: true,
  check() {
    if (!this.yes) {
      throw new Error('another replica leads');
    }
  },
};

/** A run on the API server, a writer for it, and a clock that stands still. */
async function fresh(name: string) {
  await namespace.start(name, { adminName: 'alice', appName: 'tuf' });
  const run = await namespace.run(name);
  const clock = new ManualClock();
  const recorder = new EventRecorder({
    client,
    reportingController: 'test',
    reportingInstance: 'test',
    logger,
    metrics,
    clock: systemClock,
  });
  const owner = { client, fieldManager, metrics, logger };
  const writerOf = (current: BootstrapRecovery) =>
    new RunStatus(
      { client, owner, recorder, clock, random: () => 0, assertLeading: () => leading.check() },
      current,
    );
  return { run, clock, writer: writerOf(run), writerOf, recorder };
}

const started = (run: BootstrapRecovery, clock: ManualClock): StatusDraft =>
  withAttempt(draftOf(run), 1, new Date(clock.now().getTime() + 300_000), clock.now(), 'ops/ours');

const at = (draft: StatusDraft, stage: RunStage, completed: number, clock: ManualClock): StatusDraft =>
  withProgress(draft, { stage, completed, total: 100 }, clock.now());

describe('the status of a run under way', () => {
  test('progress is written every two seconds and on a change of stage, not for every step', async () => {
    const { run, clock, writer } = await fresh('progress');
    const draft = started(run, clock);
    await writer.write(draft);
    const summary = async () => (await namespace.run('progress')).status.progress?.summary;

    for (let step = 1; step <= 19; step += 1) {
      writer.offer(at(draft, 'Trust', step, clock));
      await clock.advance(100);
    }
    // The stage is written after 250 ms, when step 3 was the latest; 1,900 ms have gone by.
    await poll('the first progress', async () => (await summary()) === 'Trust 3/100');
    await clock.advance(340);
    expect(await summary()).toBe('Trust 3/100');
    await clock.advance(20);
    await poll('the next progress, two seconds later', async () => (await summary()) === 'Trust 19/100');
    writer.offer(at(draft, 'Apply', 1, clock));
    await clock.advance(260);
    await poll('the next stage', async () => (await summary()) === 'Apply 1/100');
  });

  test('a status that says nothing new is not written', async () => {
    const { run, clock, writer } = await fresh('equal');
    const draft = started(run, clock);
    await writer.write(draft);
    const { resourceVersion } = (await namespace.run('equal')).metadata;
    await clock.advance(60_000);
    await writer.write(draft);
    expect((await namespace.run('equal')).metadata.resourceVersion).toBe(resourceVersion);
  });

  test('what was offered before is never written over what is written now', async () => {
    const { run, clock, writer } = await fresh('order');
    const draft = started(run, clock);
    writer.offer(at(draft, 'Trust', 1, clock));
    const ended = withVerdict(draft, { reason: 'Cancelled', message: 'because' }, clock.now());
    await writer.write(ended);
    await clock.advance(10_000);
    await writer.settle();
    expect((await namespace.run('order')).status.progress).toBeUndefined();
    expect((await namespace.ended('order')).succeeded.reason).toBe('Cancelled');
  });

  test('a run that another controller has ended stays as it ended, also when an outdated one writes', async () => {
    const { run, clock, writer, writerOf } = await fresh('outdated');
    const draft = started(run, clock);
    await writer.write(draft);
    const outdated = writerOf(writer.run);
    await writer.write(withVerdict(draft, { reason: 'Cancelled', message: 'because' }, clock.now()));
    const { conditions, completionTime } = (await namespace.run('outdated')).status;

    await outdated.write(at(started(run, clock), 'Confirm', 1, clock));
    const { status } = await namespace.run('outdated');
    expect(status.conditions).toEqual(conditions);
    expect(status.completionTime).toBe(completionTime);
    expect(status.progress).toBeUndefined();
  });

  test('a leader that was paused writes nothing when it is leader no more, not even a failure', async () => {
    const { run, clock, writer } = await fresh('paused');
    const draft = started(run, clock);
    await writer.write(draft);
    const before = await namespace.run('paused');
    leading.yes = false;
    try {
      const late = { reason: 'DeadlineExceeded', message: 'slept too long' } as const;
      await expect(writer.write(withVerdict(draft, late, clock.now()))).rejects.toThrow(
        'another replica leads',
      );
    } finally {
      leading.yes = true;
    }
    expect(await namespace.run('paused')).toEqual(before);
  });

  test('a person may edit the run while its status is written', async () => {
    const { run, clock, writer } = await fresh('edited');
    const draft = started(run, clock);
    await writer.write(draft);
    await namespace.kubectl('patch', 'bsr', 'edited', '--type=merge', '--patch={"spec":{"cancel":true}}');
    await writer.write(at(draft, 'Trust', 7, clock));
    const after = await namespace.run('edited');
    expect(after.spec.cancel).toBe(true);
    expect(after.status).toMatchObject({ observedGeneration: 2, progress: { summary: 'Trust 7/100' } });
  });

  test('one event for each transition that was written', async () => {
    const { run, clock, writer, recorder } = await fresh('events');
    const draft = started(run, clock);
    await writer.write(draft);
    await writer.write(at(draft, 'Trust', 1, clock));
    await writer.write(withVerdict(draft, { reason: 'Cancelled', message: 'because' }, clock.now()));
    await recorder.close(10_000);
    const events: { items: { reason: string; type: string; regarding: { name: string } }[] } = JSON.parse(
      await namespace.kubectl('get', 'events.events.k8s.io', '--output=json'),
    );
    const recorded = events.items.filter(({ regarding }) => regarding.name === 'events');
    expect(recorded.map(({ reason, type }) => `${type} ${reason}`).sort()).toEqual(['Normal Cancelled']);
  });

  test('a note made from an outdated object is not written, and says nothing', async () => {
    const { run, clock, writer, writerOf } = await fresh('outdated-note');
    const outdated = writerOf(run);
    await writer.write(started(run, clock));
    const before = await namespace.run('outdated-note');
    await outdated.writeIfUnchanged(
      withVerdict(draftOf(run), { reason: 'Pending', message: 'because' }, clock.now()),
    );
    expect(await namespace.run('outdated-note')).toEqual(before);
  });

  test('holding back the deletion works although a user edits the run, keeps what others hold, and costs later writes nothing', async () => {
    const { run, clock, writer } = await fresh('held');
    const draft = started(run, clock);
    await writer.write(draft);
    await namespace.kubectl(
      ...['patch', 'bsr', 'held', '--type=merge'],
      '--patch={"metadata":{"finalizers":["example.com/other"]}}',
    );
    await writer.hold(lockFinalizer);
    await writer.hold(lockFinalizer);
    const conflicts = async () =>
      (await metrics.statusApplies.get()).values.find(({ labels }) => labels.result === 'conflict')?.value;
    const before = await conflicts();
    await writer.write(at(draft, 'Lock', 1, clock));
    expect(await conflicts()).toBe(before);
    const { metadata, status } = await namespace.run('held');
    expect(metadata.finalizers).toEqual(['example.com/other', lockFinalizer]);
    expect(status.progress?.stage).toBe('Lock');
    await namespace.kubectl(
      ...['patch', 'bsr', 'held', '--type=merge'],
      '--patch={"metadata":{"finalizers":null}}',
    );
  });

  test('only the status is ours: the spec has no field of the controller', async () => {
    const { run, clock, writer } = await fresh('owner');
    await writer.write(started(run, clock));
    const { metadata } = await client.get<BootstrapRecovery>(bootstrapRecoveries, {
      namespace: namespace.name,
      name: 'owner',
    });
    const managed: readonly { manager: string; subresource?: string; fieldsV1: object }[] =
      Object(metadata).managedFields;
    const ours = managed.filter(({ manager }) => manager === fieldManager);
    expect(ours.map(({ subresource, fieldsV1 }) => [subresource, Object.keys(fieldsV1)])).toEqual([
      ['status', ['f:status']],
    ]);
  });
});
