import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BoundPayload, bindRecoveryPayload } from '../../src/shim/payload/recovery-payload.ts';

const bind = (body: string): BoundPayload => bindRecoveryPayload(Buffer.from(body));
const payload = (appName: string, timeoutSeconds = 300) => ({ payload: { appName, timeoutSeconds } });

describe('the body of a recovery request is read as the server reads it', () => {
  test.for([
    ['bytes after the first value are ignored', '{"appName":"deleg"} trailing {', payload('deleg')],
    ['a second value too', ' {"appName":"deleg"}{"appName":"other"}', payload('deleg')],
    ['names match without regard to case', '{"APPNAME":"deleg","TimeOut":7}', payload('deleg', 7)],
    ['an escaped name is the same name', '{"appN\\u0061me":"deleg"}', payload('deleg')],
    [
      'of repeated ones the last wins, whatever the case',
      '{"appName":"a","appname":"b","appName":"c"}',
      payload('c'),
    ],
    ['of repeated ones the last wins, in this order too', '{"appname":"b","appName":"a"}', payload('a')],
    ['null leaves a name as it is', '{"appName":"deleg","appName":null}', payload('deleg')],
    ['null unsets a timeout', '{"appName":"deleg","timeout":7,"timeout":null}', payload('deleg')],
    ['unknown members are skipped', '{"x":{"appName":["}",{}]},"appName":"deleg","y":"}"}', payload('deleg')],
    ['zero means the default', '{"appName":"deleg","timeout":0}', payload('deleg')],
    ['so does a negative timeout', '{"appName":"deleg","timeout":-9223372036854775808}', payload('deleg')],
    [
      'more than the most means the most',
      '{"appName":"deleg","timeout":9223372036854775807}',
      payload('deleg'),
    ],
  ] as const)('%s', ([, body, expected]) => {
    expect(bind(body)).toEqual(expected);
  });

  const missing =
    "Key: 'bootstrapRecoveryPayload.AppName' Error:Field validation for 'AppName' failed on the 'required' tag";
  const member = (kind: string, field: string, type: string) =>
    `json: cannot unmarshal ${kind} into Go struct field bootstrapRecoveryPayload.${field} of type ${type}`;
  test.for<readonly [string, string]>([
    ['', 'EOF'],
    [' \r\n\t', 'EOF'],
    ['{', 'unexpected EOF'],
    ['{"appName":"x', 'unexpected EOF'],
    ['{"appName":"x"', 'unexpected EOF'],
    ['null', missing],
    ['{}', missing],
    ['{"appName":null}', missing],
    ['{"appName":""}', missing],
    ['"deleg"', 'json: cannot unmarshal string into Go value of type bootstrap.bootstrapRecoveryPayload'],
    ['[] x', 'json: cannot unmarshal array into Go value of type bootstrap.bootstrapRecoveryPayload'],
    ['true', 'json: cannot unmarshal bool into Go value of type bootstrap.bootstrapRecoveryPayload'],
    ['{"appName":5,"appName":"deleg"}', member('number', 'appName', 'string')],
    ['{"timeout":"5","appName":"deleg"}', member('string', 'timeout', 'int')],
    ['{"timeout":1.0,"appName":"deleg"}', member('number 1.0', 'timeout', 'int')],
    ['{"timeout":1e2,"appName":"deleg"}', member('number 1e2', 'timeout', 'int')],
    ['{"timeout":9223372036854775808}', member('number 9223372036854775808', 'timeout', 'int')],
    ['{"timeout":[],"appName":"deleg"}', member('array', 'timeout', 'int')],
  ])('%s is refused: %s', ([body, text]) => {
    expect(bind(body)).toEqual({ error: `Invalid payload format: ${text}` });
  });

  test.for([
    '{"appName":"x",}',
    '{appName:"x"}',
    '{"a" 1}',
    '}',
    '[}',
    '\u00a0{}',
    '\ufeff{"appName":"x"}',
    '{"a":01}',
    'nul',
    '{"a":"\t"}',
  ])('no JSON: %j', (body) => {
    expect(bind(body)).toEqual({ error: 'Invalid payload format: the body is not valid JSON' });
  });

  test('a name the server would not take is quoted in the answer', () => {
    expect(bind('{"appName":"a_b"}')).toEqual({
      error:
        'appName "a_b" is invalid: only alphanumeric characters and hyphens are allowed, and it must start with an alphanumeric character',
    });
    expect(bind(`{"appName":"${'x'.repeat(254)}"}`)).toEqual({
      error: 'appName is invalid: it is longer than 253 characters',
    });
  });
});

/** A member of a body: its text, and what it does to the name and the timeout. */
const members = fc.oneof(
  fc
    .tuple(fc.constantFrom('appName', 'appname', 'APPNAME'), fc.constantFrom('a', 'b', 'c', null))
    .map(([key, value]) => ({ text: `"${key}" : ${JSON.stringify(value)}`, appName: value })),
  fc
    .tuple(fc.constantFrom('timeout', 'Timeout'), fc.option(fc.integer({ min: 1, max: 300 })))
    .map(([key, value]) => ({ text: `"${key}":${JSON.stringify(value)}`, timeout: value })),
  fc
    .tuple(fc.constantFrom('x', '__proto__', 'constructor', ''), fc.jsonValue())
    .map(([key, value]) => ({ text: `"${key}":\n${JSON.stringify(value)}` })),
);

test('whatever the order and number of members, the last name and the last timeout count', () => {
  fc.assert(
    fc.property(fc.array(members, { maxLength: 8 }), fc.string(), (list, rest) => {
      let appName = 'first';
      let timeout: number | null = null;
      for (const member of list) {
        appName = ('appName' in member ? member.appName : undefined) ?? appName;
        timeout = 'timeout' in member ? member.timeout : timeout;
      }
      const body = `{${['"appName":"first"', ...list.map(({ text }) => text)].join(' ,\t')} }${rest}`;
      expect(bind(body)).toEqual(payload(appName, timeout ?? 300));
    }),
  );
});

test('any bytes are a payload or a text of the two forms', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        const { payload: bound, error } = { error: undefined, ...bindRecoveryPayload(Buffer.from(bytes)) };
        expect(
          bound !== undefined || /^(Invalid payload format: .|appName .* is invalid: )/su.test(error ?? ''),
        ).toBe(true);
      },
    ),
    { numRuns: 2_000 },
  );
});
