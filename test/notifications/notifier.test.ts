import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/async/clock.ts';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import type { Notification } from '../../src/notifications/notification.ts';
import { type NotificationResult, Notifier, type NotifierOptions } from '../../src/notifications/notifier.ts';
import { allNotificationTopics } from '../../src/notifications/topics.ts';
import { ManualClock } from '../async/fixtures/manual-clock.ts';
import { freePort } from '../harness/free-port.ts';
import { poll } from '../harness/poll.ts';
import { accept, answer, cut, hang, type Reaction, secretPath, startReceiver } from './receiver.ts';

const quick = {
  gatherMs: 20,
  burst: 1_000,
  perMessageMs: 1,
  // A slow machine is no receiver that hangs.
  timeoutMs: 1_000,
  firstRetryMs: 5,
  maxRetryMs: 10,
  maxAgeMs: 60_000,
};

function loss(name: string, namespace = 'faynosync'): Notification {
  return {
    topic: 'Loss',
    type: 'Warning',
    reason: 'SettingsLost',
    message: `settings of ${name} are missing`,
    time: new Date('2026-01-01T00:00:00Z'),
    object: { apiVersion: 'tuf-recovery.dev/v1alpha1', kind: 'BootstrapState', namespace, name, uid: name },
    app: `alice/${name}`,
  };
}

/** A notifier, what it has counted, and all it has logged. */
function observed(urlFile: string, options: Partial<NotifierOptions> = {}) {
  const counts: Record<NotificationResult, number> = { sent: 0, failed: 0, dropped: 0 };
  const lines: string[] = [];
  const notifier = new Notifier({
    urlFile,
    proxy: DIRECT,
    format: 'json',
    topics: allNotificationTopics,
    cluster: 'prod',
    clock: systemClock,
    random: Math.random,
    logger: pino({}, { write: (line: string) => lines.push(line) }),
    count: (result, notifications) => {
      counts[result] += notifications;
    },
    ...options,
    timings: { ...quick, ...options.timings },
  });
  return { notifier, counts, log: () => lines.join('') };
}

/** Names of the objects in a body. */
function namesIn(body: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  // The form is that of the json format, which message.test.ts holds.
  const { notifications = [] } = (body ?? {}) as { notifications?: readonly Notification[] };
  return notifications.map(({ object }) => object.name);
}

describe('a message arrives although the receiver', () => {
  test.each<[string, readonly [Reaction, ...Reaction[]], number]>([
    ['hangs', [hang, accept], 2],
    ['cuts the connection', [cut, cut, accept], 3],
    ['fails', [answer(500), answer(503), accept], 3],
    ['is busy', [answer(429), accept], 2],
    ['is busy and says for how long', [answer(429, { 'retry-after': '0' }), accept], 2],
  ])('%s', async (_what, reactions, requests) => {
    await using receiver = await startReceiver();
    receiver.react(...reactions);
    const { notifier, counts, log } = observed(receiver.urlFile);
    notifier.notify(loss('tuf'));
    await poll('the message to be accepted', async () => counts.sent === 1);
    expect(receiver.received).toHaveLength(requests);
    // The same message each time: a receiver that has it already recognises it.
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
    expect(namesIn(receiver.received[0])).toEqual(['tuf']);
    expect(counts).toEqual({ sent: 1, failed: 0, dropped: 0 });
    expect(log()).toContain('it is tried again');
    await notifier.close(1_000);
  });

  test('is not there yet', async () => {
    await using receiver = await startReceiver();
    const nothing = `http://127.0.0.1:${await freePort()}${secretPath}`;
    await writeFile(receiver.urlFile, nothing);
    const { notifier, counts, log } = observed(receiver.urlFile);
    notifier.notify(loss('tuf'));
    await poll('the first try', async () => log().includes('ECONNREFUSED'));
    // A corrected Secret needs no restart.
    await writeFile(receiver.urlFile, receiver.url);
    await poll('the message to be accepted', async () => counts.sent === 1);
    await notifier.close(1_000);
  });
});

test('no try is made before the time that the receiver asked for', async () => {
  await using receiver = await startReceiver();
  receiver.react(answer(429, { 'retry-after': '3600' }));
  // What it asks for is longer than a message is kept.
  const { notifier, counts } = observed(receiver.urlFile);
  notifier.notify(loss('tuf'));
  await poll('the message to be dropped', async () => counts.failed === 1);
  expect(receiver.received).toHaveLength(1);
  await notifier.close(1_000);
});

test.each([301, 400, 401, 403, 404, 410])(
  'a message that is refused with %i is not sent again',
  async (status) => {
    await using receiver = await startReceiver();
    receiver.react(answer(status, { location: 'http://127.0.0.1:1/' }), accept);
    const { notifier, counts, log } = observed(receiver.urlFile);
    notifier.notify(loss('first'));
    await poll('the first to be refused', async () => counts.failed === 1);
    notifier.notify(loss('second'));
    await poll('the second to be accepted', async () => counts.sent === 1);
    expect(receiver.received).toHaveLength(2);
    // The next message says that one is missing.
    expect(receiver.received[1]).toMatchObject({ dropped: 1 });
    expect(log()).toMatch(new RegExp(`refused the message with HTTP ${status}. Check the URL in the Secret`));
    await notifier.close(1_000);
  },
);

test('a message is dropped, and counted, when it could not be sent for too long', async () => {
  await using receiver = await startReceiver();
  receiver.react(answer(500));
  const { notifier, counts } = observed(receiver.urlFile, { timings: { ...quick, maxAgeMs: 1_000 } });
  notifier.notify(loss('tuf'));
  await poll('the message to be dropped', async () => counts.failed === 1);
  expect(receiver.received.length).toBeGreaterThan(1);
  await notifier.close(1_000);
});

test('what happens together is one message, and what waits is bounded and shared by namespaces', async () => {
  await using receiver = await startReceiver();
  const { notifier, counts } = observed(receiver.urlFile, { timings: { ...quick, gatherMs: 100 } });
  for (let index = 0; index < 1_000; index += 1) {
    notifier.notify(loss(`app-${index}`, 'noisy'));
  }
  notifier.notify(loss('quiet', 'other'));
  await notifier.close(10_000);
  expect(counts).toEqual({ sent: 251, failed: 0, dropped: 750 });
  expect(receiver.received.length).toBe(13);
  expect(receiver.received[0]).toMatchObject({ dropped: 750 });
  expect(namesIn(receiver.received[0])).toHaveLength(20);
  expect(namesIn(receiver.received.at(-1))).toContain('quiet');
  expect(receiver.received.slice(1).every(({ dropped }) => dropped === 0)).toBe(true);
});

test('what flaps is sent three times, what comes back after a repair each time until then', async () => {
  await using receiver = await startReceiver();
  const clock = new ManualClock();
  const { notifier, counts } = observed(receiver.urlFile, { clock });
  for (let time = 0; time < 10; time += 1) {
    notifier.notify(loss('flapping'));
    notifier.notify({ ...loss('flapping'), topic: 'Recovery', reason: `Recovered${time}` });
  }
  expect(counts.dropped).toBe(7);
  clock.jump(10 * 60_000);
  notifier.notify(loss('flapping'));
  notifier.notify(loss('flapping'));
  expect(counts.dropped).toBe(8);
  notifier.notify(loss('other'));
  await notifier.close(60_000);
  expect(counts).toEqual({ sent: 15, failed: 0, dropped: 8 });
});

test('messages are paced', async () => {
  await using receiver = await startReceiver();
  const slow = { ...quick, gatherMs: 0, burst: 2, perMessageMs: 3_600_000 };
  const { notifier } = observed(receiver.urlFile, { timings: slow });
  for (const name of ['one', 'two', 'three']) {
    notifier.notify(loss(name));
    if (name !== 'three') {
      await poll(`message ${name}`, async () =>
        receiver.received.some((body) => namesIn(body).includes(name)),
      );
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(receiver.received.map(namesIn)).toEqual([['one'], ['two']]);
  // A shutdown waits for no pace.
  await notifier.close(5_000);
  expect(receiver.received.map(namesIn)).toEqual([['one'], ['two'], ['three']]);
});

test('a shutdown is not held up by a receiver that hangs', async () => {
  await using receiver = await startReceiver();
  receiver.react(hang);
  const { notifier, counts } = observed(receiver.urlFile, { timings: { ...quick, timeoutMs: 3_600_000 } });
  notifier.notify(loss('tuf'));
  await poll('the request', async () => receiver.received.length === 1);
  notifier.notify(loss('other'));
  await notifier.close(50);
  expect(counts).toEqual({ sent: 0, failed: 1, dropped: 1 });
  notifier.notify(loss('late'));
  expect(counts).toEqual({ sent: 0, failed: 1, dropped: 1 });
});

test('only the topics that are wanted are sent', async () => {
  await using receiver = await startReceiver();
  const { notifier } = observed(receiver.urlFile, { topics: ['Recovery'] });
  notifier.notify(loss('unwanted'));
  notifier.notify({ ...loss('wanted'), topic: 'Recovery' });
  await notifier.close(5_000);
  expect(receiver.received.map(namesIn)).toEqual([['wanted']]);
});

describe('what the URL file holds is refused, named, and tried again later:', () => {
  test.each([
    ['nothing', '', 'holds no URL'],
    ['a text', 'canary-of-the-webhook', 'holds no URL'],
    ['another protocol', 'ftp://example.com/canary-of-the-webhook', 'neither http nor https'],
    ['the metadata service', 'http://169.254.169.254/canary-of-the-webhook', 'link-local or metadata'],
    ['the same as a number', 'http://2852039166/canary-of-the-webhook', 'link-local or metadata'],
    ['the same in IPv6', 'http://[::ffff:169.254.169.254]/canary-of-the-webhook', 'link-local or metadata'],
    ['a link-local address', 'http://[fe80::1]/canary-of-the-webhook', 'link-local or metadata'],
    ['the metadata service of Alibaba', 'http://100.100.100.200/', 'link-local or metadata'],
    ['a name that does not exist', 'http://nowhere.invalid/canary-of-the-webhook', 'did not answer: E'],
  ])('%s', async (_what, content, said) => {
    await using receiver = await startReceiver();
    await writeFile(receiver.urlFile, content);
    const { notifier, counts, log } = observed(receiver.urlFile);
    notifier.notify(loss('tuf'));
    await poll('the failure', async () => log().includes(said));
    await writeFile(receiver.urlFile, receiver.url);
    await poll('the message to be accepted', async () => counts.sent === 1);
    expect(log()).not.toContain('canary');
    await notifier.close(1_000);
  });

  test('a name is refused by what it resolves to when the connection is made', async () => {
    await using receiver = await startReceiver();
    const { port } = new URL(receiver.url);
    await writeFile(receiver.urlFile, `http://localhost:${port}${secretPath}`);
    const asked: string[] = [];
    const { notifier, log } = observed(receiver.urlFile, {
      resolve: async (host) => {
        asked.push(host);
        throw new Error(`${host} has a link-local or metadata address`);
      },
    });
    notifier.notify(loss('tuf'));
    await poll('the failure', async () => log().includes('localhost has a link-local or metadata address'));
    expect(asked).toContain('localhost');
    expect(receiver.received).toEqual([]);
    await notifier.close(1_000);
  });

  test('a file that is missing', async () => {
    const { notifier, log } = observed('/nonexistent/url');
    notifier.notify(loss('tuf'));
    await poll('the failure', async () => log().includes("can't be read (ENOENT)"));
    await notifier.close(1_000);
  });
});

test('no failure shows the path of the URL, a password in it, or what the receiver says', async () => {
  await using receiver = await startReceiver();
  const { port } = new URL(receiver.url);
  await writeFile(
    receiver.urlFile,
    `http://user:canary-password@127.0.0.1:${port}${secretPath}?token=canary-token`,
  );
  receiver.react(
    hang,
    cut,
    answer(500),
    answer(429),
    (response) => void response.writeHead(404).end(`no ${secretPath}`),
  );
  const { notifier, counts, log } = observed(receiver.urlFile);
  notifier.notify(loss('tuf'));
  await poll('the message to be dropped', async () => counts.failed === 1);
  expect(receiver.received).toHaveLength(5);
  expect(log()).toContain('"tries":5');
  expect(log()).not.toContain('canary');
  await notifier.close(1_000);
});

test('a receiver that answers without end is cut off', async () => {
  await using receiver = await startReceiver();
  receiver.react((response) => {
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) {
        // Until the socket is full.
      }
    };
    response.on('drain', write);
    write();
  }, accept);
  const { notifier, counts, log } = observed(receiver.urlFile, { timings: { ...quick, timeoutMs: 60_000 } });
  notifier.notify(loss('tuf'));
  await poll('the message to be accepted', async () => counts.sent === 1);
  expect(log()).toContain('it answered more than 65536 bytes');
  await notifier.close(1_000);
});

test('what is no HTTP server is a failure like others', async () => {
  await using receiver = await startReceiver();
  const server = createServer((socket) => socket.end('SSH-2.0-canary\r\n')).listen(0, '127.0.0.1');
  await poll('the server to listen', async () => server.listening);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await writeFile(receiver.urlFile, `http://127.0.0.1:${port}${secretPath}`);
  const { notifier, log } = observed(receiver.urlFile);
  notifier.notify(loss('tuf'));
  await poll('the failure', async () => log().includes('did not answer: HPE_'));
  expect(log()).not.toContain('canary');
  await notifier.close(1_000);
  server.close();
});
