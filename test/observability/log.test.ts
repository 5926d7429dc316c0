import { describe, expect, test } from 'vitest';
import { createLogger } from '../../src/observability/log.ts';
import type { LogLevel } from '../../src/observability/log-level.ts';

function logged(level: LogLevel, log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const lines: string[] = [];
  log(createLogger(level, { write: (line: string) => void lines.push(line) }));
  return lines;
}

describe('the log', () => {
  test('is one JSON object a line, with time and level in words', () => {
    const [line] = logged('info', (logger) => logger.info({ taskID: 'a' }, 'attempt begins'));
    expect(JSON.parse(line ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T.*Z$/),
      taskID: 'a',
      msg: 'attempt begins',
    });
  });

  test('leaves out what is below the level', () => {
    expect(logged('warn', (logger) => logger.info('quiet'))).toEqual([]);
  });

  test('shows no secret, even of a whole options object', () => {
    const secret = 'hunter2';
    const endpoint = { username: 'app', password: secret, tls: { key: secret } };
    const access = { credentials: { accessKeyId: secret, secretAccessKey: secret, sessionToken: secret } };
    const lines = logged('info', (logger) => {
      logger.info({ password: secret, token: secret, authorization: secret }, 'top level');
      logger.info({ endpoint, access, deep: { request: { endpoint } } }, 'nested');
    });
    expect(lines.join('')).toContain('[redacted]');
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('app');
  });

  test('shows no secret of an error or of a child logger either, at any depth and in any spelling', () => {
    const secret = 'hunter2';
    const headers = { Authorization: secret, 'content-type': 'text/plain' };
    const failure = Object.assign(new Error('refused'), { config: { request: { options: { headers } } } });
    const lines = logged('info', (logger) => {
      logger.child({ target: { redis: { auth: { PASSWORD: secret } } } }).warn({ err: failure }, 'failed');
      logger.info({ list: [{ tls: { key: secret, ca: 'public' } }], JWT: secret }, 'in a list');
    });
    expect(lines.join('')).not.toContain(secret);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        target: { redis: { auth: { PASSWORD: '[redacted]' } } },
        err: {
          message: 'refused',
          config: { request: { options: { headers: { 'content-type': 'text/plain' } } } },
        },
      },
      { list: [{ tls: { key: '[redacted]', ca: 'public' } }], JWT: '[redacted]' },
    ]);
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
  });

  test('leaves alone what only sounds like a secret', () => {
    const fields = { key: 'BOOTSTRAP_alice_tuf', tokens: 3, note: 'the "password": is not here' };
    const [line] = logged('info', (logger) => logger.info(fields, 'plain'));
    expect(JSON.parse(line ?? '')).toMatchObject(fields);
  });
});
