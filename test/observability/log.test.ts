import { describe, expect, test } from 'vitest';
import { createLogger, type LogLevel } from '../../src/observability/log.ts';

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

  test('shows no secret, should somebody log a whole options object', () => {
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
});
