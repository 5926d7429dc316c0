import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bindRecoveryPayload } from '../../src/shim/payload/recovery-payload.ts';

/** Bodies near the edges of the format: valid ones, and valid ones with bytes cut, doubled or replaced. */
function bodies(count: number): readonly Buffer[] {
  const name = fc.constantFrom(
    'appName',
    'appname',
    'APPNAME',
    'timeout',
    'Timeout',
    'x',
    '__proto__',
    'appN\\u0061me',
    '',
  );
  const scalar = fc.oneof(
    fc.constantFrom(
      'null',
      'true',
      'false',
      '"deleg"',
      '"a_b"',
      '""',
      '"x\\ty"',
      '"é<"',
      '"\\ud800"',
      '"\\u2028"',
      '"\u007f\u00a0"',
    ),
    fc.constantFrom(
      '0',
      '-0',
      '-1',
      '1',
      '301',
      '1000000',
      '1.5',
      '1e2',
      '1E+2',
      '-',
      '01',
      '.5',
      '1.',
      '1e',
      '+1',
    ),
    fc.constantFrom(
      '9223372036854775807',
      '9223372036854775808',
      '-9223372036854775808',
      'nul',
      'tru',
      'falsy',
      'NaN',
    ),
    fc.string().map((text) => JSON.stringify(text)),
    fc.double().map((number) => JSON.stringify(number)),
  );
  const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r', '\v', '\u00a0');
  const value = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      scalar,
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      fc
        .array(fc.tuple(name, space, space, tie('value')), { maxLength: 4 })
        .map((members) => `{${members.map(([key, a, b, item]) => `${a}"${key}"${b}:${item}`).join(',')}}`),
    ),
  })).value;
  const text = fc
    .tuple(space, value, space, fc.constantFrom('', '', '', 'x', '{}', ',', '"'))
    .map((parts) => parts.join(''));
  const damaged = fc
    .tuple(
      text,
      fc.nat(200),
      fc.constantFrom('cut', 'delete', 'double', 'replace'),
      fc.integer({ min: 0, max: 127 }),
    )
    .map(([whole, where, how, byte]) => damage(Buffer.from(whole), where, how, byte));
  const arbitrary = fc.oneof(
    text.map((whole) => Buffer.from(whole)),
    damaged,
    fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
  );
  return fc.sample(arbitrary, count);
}

function damage(body: Buffer, where: number, how: string, byte: number): Buffer {
  const at = body.length === 0 ? 0 : where % body.length;
  const rest = { cut: body.length, delete: at + 1, double: at, replace: at + 1 }[how] ?? at;
  const middle = { double: body.subarray(at, at + 1), replace: Buffer.of(byte) }[how] ?? Buffer.alloc(0);
  return Buffer.concat([body.subarray(0, at), middle, body.subarray(rest)]);
}

const deep = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth));

test("a body is understood exactly as Go's encoding/json understands it, error texts included", ({
  skip,
}) => {
  if (spawnSync('go', ['version']).status !== 0) {
    skip("go is not installed, so the binding can't be compared with encoding/json");
  }
  const cases = [...bodies(5_000), deep(9_999), deep(10_000), deep(10_001)];
  const go = spawnSync('go', ['run', '.'], {
    cwd: `${import.meta.dirname}/go-binding`,
    input: cases.map((body) => body.toString('base64')).join('\n'),
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  expect(go.stderr).toBe('');
  const answers = go.stdout.trimEnd().split('\n');
  expect(answers).toHaveLength(cases.length);
  const different: unknown[] = [];
  for (const [index, body] of cases.entries()) {
    const theirs: unknown = JSON.parse(answers[index] ?? '');
    const bound = bindRecoveryPayload(body);
    const ours = bound.payload ?? { error: bound.error };
    if (JSON.stringify(sorted(ours)) !== JSON.stringify(sorted(theirs)) && isWellFormed(body)) {
      different.push({ body: body.toString('latin1'), ours, theirs });
    }
  }
  expect(different.slice(0, 5)).toEqual([]);
}, 300_000);

const sorted = (value: unknown): unknown =>
  Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));

/** Go replaces every byte that is no UTF-8 by U+FFFD, JavaScript every run of them: a documented difference. */
const isWellFormed = (body: Buffer): boolean => Buffer.from(body.toString()).equals(body);
