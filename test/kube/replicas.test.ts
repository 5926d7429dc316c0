import { afterAll, beforeAll, expect, test } from 'vitest';
import { poll } from '../harness/poll.ts';
import { startReplica } from './fixtures/replica.ts';
import { WIDGETS, widget } from './fixtures/widget.ts';
import { type WidgetCluster, widgetCluster } from './fixtures/widgetcluster.ts';

let world: WidgetCluster;
beforeAll(async () => {
  world = await widgetCluster();
});
afterAll(() => world[Symbol.asyncDispose]());

/** Long enough for a slow machine to renew in time, short enough to wait for. */
const TIMINGS = { leaseDurationMs: 9_000, renewDeadlineMs: 6_000, retryPeriodMs: 500 };

async function setting() {
  const { cluster } = world;
  const namespace = await cluster.createNamespace('replica');
  const kubeconfig = await cluster.kubeconfigFile();
  const get = (...args: string[]) => cluster.kubectl(['get', '-n', namespace, ...args]);
  return {
    namespace,
    start: (identity: string, rest: { readonly restAt?: string } = {}) =>
      startReplica({ kubeconfig, namespace, identity, timings: TIMINGS, ...rest }),
    create: (size: number) => world.client.create(WIDGETS, widget(namespace, 'a', size)),
    note: async () => (await world.client.get(WIDGETS, { namespace, name: 'a' })).status?.note,
    ledger: async () =>
      JSON.parse(await get('configmap', 'ledger-a', '-o', 'jsonpath={.data}')) as Record<string, string>,
    holder: () => get('lease', 'replica', '-o', 'jsonpath={.spec.holderIdentity}'),
  };
}

test('a leader suspended in the middle of a write wakes up to a refused write, and exits', async () => {
  const { start, create, note, ledger, holder } = await setting();
  await using one = await start('one', { restAt: 'before-write-0' });
  await one.logged({ msg: 'became leader' });
  await create(1);
  await one.logged({ stage: 'before-write-0' });
  one.process.suspend();
  await using two = await start('two');
  await two.logged({ msg: 'became leader' });
  await two.logged({ msg: 'done' });
  one.process.resume();
  expect(await one.process.exited).toEqual({ code: 1, signal: null });
  const said = (await one.lines()).map(({ msg }) => msg);
  expect(said).toContain('the write was refused');
  expect(said).toContain('lost leadership; stopping everything');
  expect(await ledger()).toEqual({ 'write-0': 'two' });
  expect(await note()).toBe('done');
  expect(await holder()).toBe('two');
});

test('a leader that is killed in the middle is followed by another, which ends the work right, and once', async () => {
  const { start, create, note, ledger } = await setting();
  await using one = await start('one', { restAt: 'after-write-0' });
  await one.logged({ msg: 'became leader' });
  await using two = await start('two');
  await create(3);
  await one.logged({ stage: 'after-write-0' });
  expect((await two.lines()).map(({ msg }) => msg)).not.toContain('became leader');
  await one.process.kill();
  await two.logged({ msg: 'done' });
  expect(await note()).toBe('done');
  expect(await ledger()).toEqual({ 'write-0': 'one', 'write-1': 'two', 'write-2': 'two' });
});

test.each([
  ['before-write-0', 'stopped before write 1', { 'write-0': 'one' }],
  ['after-write-0', 'stopped before write 1', { 'write-0': 'one' }],
  ['before-write-1', 'done', { 'write-0': 'one', 'write-1': 'one' }],
  ['after-write-1', 'done', { 'write-0': 'one', 'write-1': 'one' }],
])(
  'SIGTERM at %s ends the stage, writes status and hands over; nothing is done twice',
  async (stage, expectedNote, expectedLedger) => {
    const { start, create, note, ledger, holder } = await setting();
    await using one = await start('one', { restAt: stage });
    await one.logged({ msg: 'became leader' });
    await create(2);
    await one.logged({ stage });
    expect(await one.process.stop()).toEqual({ code: 0, signal: null });
    expect(await note()).toBe(expectedNote);
    expect(await ledger()).toEqual(expectedLedger);
    expect(await holder()).toBe('');
    await using two = await start('two');
    await two.logged({ msg: 'became leader' });
    await poll('the work to be done', async () => (await note()) === 'done');
    expect(await ledger()).toEqual({ 'write-1': 'two', ...expectedLedger });
    expect(await two.process.stop()).toEqual({ code: 0, signal: null });
  },
);

test('a replica that stands by stops at once, and the leader does not notice', async () => {
  const { start, holder } = await setting();
  await using one = await start('one');
  await one.logged({ msg: 'became leader' });
  await using two = await start('two');
  await two.logged({ msg: 'waiting to become leader' });
  expect(await two.process.stop()).toEqual({ code: 0, signal: null });
  expect(await holder()).toBe('one');
});
