import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HTTPSource } from '../../src/storage/http.ts';
import { verify } from '../../src/tuf/verify/verify.ts';
import { listAll } from '../harness/list-all.ts';
import { REFERENCE_TIME, Repository } from '../tuf/generator/repository.ts';
import { FileServer } from '../tuf/http-server.ts';

let server: FileServer;

beforeEach(async () => {
  server = await FileServer.start();
});

afterEach(() => server.stop());

/** Retries at once. */
const retry = { maxAttempts: 3, backoffMs: 0, random: () => 0 };

function source(options = {}): HTTPSource {
  return new HTTPSource(server.url, { retry, ...options });
}

test('a mirror is verified like a bucket, with every root requested once', async () => {
  const files = new Repository({ roots: 3, delegations: [{ name: 'a/b' }] }).seal();
  for (const [name, bytes] of files) {
    server.files.set(encodeURIComponent(name), bytes);
  }
  const { verdict, findings, listing } = await verify(source(), {
    anchor: { kind: 'first-use' },
    now: REFERENCE_TIME,
    policy: { mode: 'recovery' },
  });
  expect(verdict).toBe('trusted');
  expect(findings.map(({ code }) => code)).toEqual(['RootTrustedOnFirstUse', 'UnusualRoleName']);
  expect([...listing].map(({ name }) => name)).toEqual(['1.root.json', '2.root.json', '3.root.json']);
  expect(server.requests.toSorted()).toEqual([...server.files.keys(), '4.root.json'].sort());
});

test('names are percent-encoded as one segment, target paths by segment', async () => {
  server.files.set('1.%3F%23%20%2F...json', Buffer.from('role'));
  server.files.set('path/to/a%20file', Buffer.from('target'));
  expect(Buffer.from(await source().get('1.?# /...json', { maxBytes: 10 })).toString()).toBe('role');
  const targets = source({ encoding: 'path' });
  expect(Buffer.from(await targets.get('path/to/a file', { maxBytes: 10 })).toString()).toBe('target');
});

test('the time of the last change is the one that the mirror gives', async () => {
  server.files.set('1.root.json', Buffer.from('{}'));
  server.intercept = (_request, response) => {
    response.setHeader('last-modified', 'Fri, 01 May 2026 10:00:00 GMT');
    return false;
  };
  expect(await listAll(source())).toEqual([
    { name: '1.root.json', size: 2, lastModified: new Date('2026-05-01T10:00:00Z') },
  ]);
});

describe('what the mirror refuses', () => {
  test.each([
    [404, 'NotFound', 1],
    [410, 'NotFound', 1],
    [401, 'AccessDenied', 1],
    [403, 'AccessDenied', 1],
    [429, 'Throttled', 3],
    [503, 'Throttled', 3],
    [500, 'StorageUnreachable', 3],
    [418, 'InvalidSource', 1],
  ])('status %i is %s, after %i tries', async (status, code, tries) => {
    server.intercept = (_request, response) => {
      response.writeHead(status).end('no');
      return true;
    };
    await expect(source().get('x.json', { maxBytes: 10 })).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(tries);
  });

  test('a refusal that passes is not seen', async () => {
    server.files.set('x.json', Buffer.from('here'));
    server.intercept = (_request, response) => {
      if (server.requests.length > 2) {
        return false;
      }
      response.writeHead(503).end();
      return true;
    };
    expect(Buffer.from(await source().get('x.json', { maxBytes: 10 })).toString()).toBe('here');
  });

  test('a denied root is no end of the chain', async () => {
    server.files.set('1.root.json', Buffer.from('{}'));
    server.intercept = (request, response) => {
      if (request.url !== '/2.root.json') {
        return false;
      }
      response.writeHead(403).end();
      return true;
    };
    await expect(listAll(source())).rejects.toMatchObject({ code: 'AccessDenied' });
  });

  test('a body larger than allowed is not read to its end, whatever its length says', async () => {
    server.intercept = (_request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536))) {}
        if (!response.destroyed) {
          response.once('drain', more);
        }
      };
      more();
      return true;
    };
    await expect(source().get('x.json', { maxBytes: 1000 })).rejects.toMatchObject({ code: 'TooLarge' });
  });

  test('a mirror that goes quiet is given up', async () => {
    server.intercept = () => true;
    const quiet = source({ idleMs: 50, retry: { ...retry, maxAttempts: 1 } });
    await expect(quiet.get('x.json', { maxBytes: 10 })).rejects.toMatchObject({ code: 'StorageUnreachable' });
  });

  test('a mirror that is not there is unreachable', async () => {
    await server.stop();
    await expect(source().get('x.json', { maxBytes: 10 })).rejects.toMatchObject({
      code: 'StorageUnreachable',
    });
    server = await FileServer.start();
  });

  test("an aborted request throws the signal's reason", async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    server.intercept = () => {
      controller.abort(reason);
      return true;
    };
    await expect(source().get('x.json', { maxBytes: 10, signal: controller.signal })).rejects.toBe(reason);
  });

  test.each(['ftp://example.org/', 'example.org', ''])('%j is no mirror', (url) => {
    expect(() => new HTTPSource(url)).toThrow(/http/);
  });
});
