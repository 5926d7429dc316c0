import { expect, test } from 'vitest';
import { LastLines, mergeByTime } from '../../src/cli/kubectl/logs/last-lines.ts';
import { logLineText, parseLogLine } from '../../src/cli/kubectl/logs/log-line.ts';
import { paintFor } from '../../src/cli/output/style.ts';

const plain = paintFor({ color: false, columns: undefined });

function line(time: string, msg: string): string {
  return JSON.stringify({ level: 'info', time, msg });
}

test('a line for people names time, level, object and message, and the cause without its stack', () => {
  const raw = JSON.stringify({
    level: 'warn',
    time: '2026-11-27T10:00:00.000Z',
    controller: 'bootstraprecovery',
    namespace: 'ns',
    name: 'tuf',
    reconcileID: 'r',
    attempt: 2,
    err: { type: 'TransientError', message: 'no answer', stack: 'at x' },
    msg: 'attempt failed',
  });
  expect(logLineText(parseLogLine(raw), plain)).toBe(
    '2026-11-27T10:00:00.000Z  warn   bootstraprecovery/ns/tuf  attempt failed  attempt=2 err="no answer"\n',
  );
});

test.each(['Error: boom', '{not json', '[1]', 'null', '{"level":1,"msg":2}', ''])(
  'what is no line of the logger is shown as it is: %s',
  (raw) => {
    expect(logLineText(parseLogLine(raw), plain)).toBe(`${raw}\n`);
  },
);

test('nothing in a line moves the cursor or hides text', () => {
  const msg = 'a\u001b[2Jb\u202ec\nd';
  const shown = logLineText(
    parseLogLine(JSON.stringify({ level: 'info', time: msg, msg, [msg]: msg })),
    plain,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(shown.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test('the last lines are kept, and no more', () => {
  const last = new LastLines(3);
  for (let index = 0; index < 1_000; index += 1) {
    last.push(parseLogLine(`line ${index}`));
    expect(last.lines.length).toBe(Math.min(index + 1, 3));
  }
  expect(last.lines.map(({ raw }) => raw)).toEqual(['line 997', 'line 998', 'line 999']);
});

test('lines that are long are bounded by their length', () => {
  const last = new LastLines(1_000);
  const long = 'x'.repeat(1024 * 1024);
  for (let index = 0; index < 200; index += 1) {
    last.push(parseLogLine(long));
  }
  expect(last.lines).toHaveLength(64);
});

test('logs are merged by time, and a stack stays behind its line', () => {
  const a = [line('2026-01-01T00:00:01Z', 'a1'), '  at stack', line('2026-01-01T00:00:03Z', 'a3')];
  const b = [line('2026-01-01T00:00:02Z', 'b2')];
  const merged = mergeByTime([a.map(parseLogLine), b.map(parseLogLine)]);
  expect(merged.map(({ raw }) => raw)).toEqual([a[0], a[1], b[0], a[2]]);
});
