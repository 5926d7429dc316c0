import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withFlagNames } from '../../src/cli/options/flag-names.ts';
import { planText } from '../../src/cli/output/plan-text.ts';
import { createProgressDisplay } from '../../src/cli/output/progress.ts';
import { paintFor } from '../../src/cli/output/style.ts';
import { tableText } from '../../src/cli/output/table.ts';
import { terminalText } from '../../src/cli/output/terminal-text.ts';
import { redactURLs } from '../../src/observability/redact-urls.ts';
import type { Action } from '../../src/recovery/plan/plan.ts';

const plain = paintFor({ color: false, columns: undefined });

describe('what comes from elsewhere cannot forge the screen:', () => {
  test.each([
    ['an escape sequence', '\u001b[2J\u001b[32m✓ Trusted', '\\x1b[2J\\x1b[32m✓ Trusted'],
    ['a line break', 'role\nSucceeded', 'role\\x0aSucceeded'],
    ['a C1 control', 'a\u009bb', 'a\\x9bb'],
    ['a right-to-left override', 'a\u202eb', 'a\\u{202e}b'],
    ['an invisible character', 'a\u200bb', 'a\\u{200b}b'],
    ['ordinary text of any script', 'Zürich 日本 🚀', 'Zürich 日本 🚀'],
  ])('%s', (_what, text, shown) => {
    expect(terminalText(text)).toBe(shown);
  });

  test('a role name in the plan', () => {
    const action: Action = {
      key: 'evil\u001b[1A\u001b[2K_EXPIRATION_a_b',
      kind: 'Replace',
      before: { value: '\r✓' },
      after: '90',
      source: 'Inferred',
      confidence: 'high',
    };
    const text = planText({ actions: [action], digest: 'sha256:0' }, false, plain);
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('\r');
  });
});

describe('a plan for people', () => {
  const action = (key: string, rest: Partial<Action>): Action => ({
    key,
    kind: 'Create',
    before: undefined,
    after: '1',
    source: 'Metadata',
    confidence: 'exact',
    ...rest,
  });

  test('distinguishes absent from blank, shows foreign types, and counts what is kept', () => {
    const text = planText(
      {
        digest: 'sha256:0',
        actions: [
          action('A', { after: '' }),
          action('B', { kind: 'Replace', before: { wrongType: 'list' } }),
          action('C', { kind: 'Delete', before: { value: 'pre' }, after: undefined }),
          action('D', { kind: 'Persist', before: { value: '7' }, after: '7' }),
          action('E', { kind: 'Keep', before: { value: '7' }, after: '7' }),
        ],
      },
      true,
      plain,
    );
    expect(text).toBe(
      [
        'Plan  1 created, 1 replaced, 1 freed of a time to live, 1 deleted, 1 kept  sha256:0',
        '     key  before  after   source    confidence',
        '  +  A    absent  ""      Metadata  exact',
        '  ~  B    a list  1       Metadata  exact',
        '  -  C    pre     absent  Metadata  exact',
        '  ∞  D    7       7       Metadata  exact',
        '',
      ].join('\n'),
    );
  });

  test('stops after a hundred rows and says how to see the rest', () => {
    const actions = Array.from({ length: 130 }, (_, i) => action(`KEY_${i}`, {}));
    const text = planText({ actions, digest: 'sha256:0' }, false, plain);
    expect(text.split('\n')).toHaveLength(1 + 1 + 100 + 1 + 1);
    expect(text).toContain('130 to be created');
    expect(text).toContain('and 30 more keys; -o json shows them all');
  });
});

test('columns line up whatever their colour', () => {
  const paint = paintFor({ color: true, columns: undefined });
  expect(
    tableText([
      [paint('good', 'a'), 'x'],
      ['long', 'y'],
    ]),
  ).toBe(`  ${paint('good', 'a')}     x\n  long  y\n`);
});

describe('a table on a terminal', () => {
  const rows = [
    ['NAME', 'MESSAGE'],
    ['tuf', 'a long message that no terminal of forty columns can hold on one line'],
  ];

  test('keeps every row within its columns and marks what is cut', () => {
    const lines = tableText(rows, 40, 0, 'cut').trimEnd().split('\n');
    expect(lines.every((line) => line.length <= 40)).toBe(true);
    expect(lines[1]).toBe('tuf   a long message that no terminal o…');
  });

  test('closes a colour behind the cut', () => {
    const paint = paintFor({ color: true, columns: 20 });
    const text = tableText([['tuf', paint('bad', 'a message that is too long')]], paint.columns, 0, 'cut');
    expect(stripVTControlCharacters(text)).toBe('tuf  a message that…\n');
    expect(text.endsWith('…\u001b[0m\n')).toBe(true);
  });

  test('gives a long cell several lines', () => {
    expect(tableText(rows, 40, 0)).toBe(
      `NAME  MESSAGE
tuf   a long message that no terminal of
      forty columns can hold on one line
`,
    );
  });

  test('shows everything within its columns, in the colours it has, however narrow it is', () => {
    const word = fc.string({ unit: fc.constantFrom(...'ab-_/.é🚀'), minLength: 1, maxLength: 60 });
    const tone = fc.constantFrom('good', 'bad', 'heading', undefined);
    const cell = fc.tuple(
      fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => words.join(' ')),
      tone,
    );
    const paint = paintFor({ color: true, columns: undefined });
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 60, max: 120 }),
        (row, columns) => {
          const cells = row.map(([text, how]) => (how === undefined ? text : paint(how, text)));
          const lines = tableText([cells], columns).trimEnd().split('\n');
          for (const line of lines) {
            expect([...stripVTControlCharacters(line)].length).toBeLessThanOrEqual(columns);
            // No colour reaches into the next line.
            const last = line.split('\u001b[').at(-1) ?? '';
            expect(line === last || /^(?:0|22|39)m/.test(last)).toBe(true);
          }
          // What stands in a cell comes out line by line, in order.
          const characters = [...lines.map((line) => stripVTControlCharacters(line)).join('')].toSorted();
          const given = [...row.map(([text]) => text).join('')].toSorted();
          expect(characters.filter((each) => each !== ' ')).toEqual(given.filter((each) => each !== ' '));
        },
      ),
    );
  });

  test.each(['cut', 'wrap'] as const)('never cuts a name that someone must copy: %s', (sentences) => {
    const name = 'a-branch-with-a-rather-long-name_EXPIRATION_some-admin_some-app';
    const text = tableText([['Create', name, '365', 'Inferred']], 60, 0, sentences);
    const [first = '', ...more] = text.trimEnd().split('\n');
    expect(first).toMatch(/^Create {2}\S+ +365 {2}Inferred$/);
    expect([first.split(/ +/)[1], ...more.map((line) => line.trim())].join('')).toBe(name);
  });

  test('is whole in a pipe', () => {
    expect(tableText(rows, undefined, 0)).toContain('on one line');
  });
});

test.each([
  ['redis://user:secret@host:6379/0 is wrong', 'redis://…@host:6379/0 is wrong'],
  ["argument 'rediss://:p@ss/w@host'", "argument 'rediss://…@host'"],
  ['no URL in here', 'no URL in here'],
  ['https://host/path', 'https://host/path'],
])('%s is shown as %s', (text, shown) => {
  expect(redactURLs(text)).toBe(shown);
});

test.each([
  ['Set trust.acceptRollbackTo in a new run', 'Set --accept-rollback-to in a new run'],
  ['set spec.overrides.replaceWrongType: true', 'set --replace-wrong-type'],
  ['trust.onInvalidDelegation: Skip', '--on-invalid-delegation Skip'],
  ['nothing to replace', 'nothing to replace'],
])('on the command line "%s" reads "%s"', (text, shown) => {
  expect(withFlagNames(text)).toBe(shown);
});

describe('progress', () => {
  function watch(interactive: boolean) {
    const stderr = new PassThrough();
    const chunks: string[] = [];
    stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    let time = 0;
    return {
      context: { stderr, interactive, now: () => time },
      pass: (ms: number) => {
        time += ms;
      },
      written: () => chunks.join(''),
    };
  }

  test('is one line per stage in a log, with the time since the start', () => {
    const { context, pass, written } = watch(false);
    const progress = createProgressDisplay(context);
    progress.show('Trust', 0, 10);
    progress.show('Trust', 5, 10);
    pass(2_000);
    progress.show('Apply', 0, 0);
    progress.say('Attempt failed.');
    progress.end();
    expect(written()).toBe('Trust …  (0 s)\nApply …  (2 s)\nAttempt failed.  (2 s)\n');
  });

  test('is a bar on a terminal, and gone at the end', () => {
    const { context, written } = watch(true);
    const progress = createProgressDisplay(context);
    progress.show('Trust', 5, 10);
    progress.show('Trust', 10, 10);
    progress.end();
    expect(written()).toContain('Trust      ████████████░░░░░░░░░░░░ 5/10');
    expect(written()).toContain('████████████████████████ 10/10');
    expect(written().endsWith('\r\u001b[K')).toBe(true);
  });
});
