import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { follow } from './follow.ts';
import { transcriptOf } from './transcript.ts';

/** A page of these lines; `~~~` stands for a fence. */
async function followPage(...lines: readonly string[]): Promise<void> {
  await using directory = await temporaryDirectory('page');
  const file = join(directory.path, 'page.md');
  await writeFile(file, lines.join('\n').replaceAll('~~~', '```'));
  await follow(await transcriptOf(file), { env: {}, values: { NAME: "O'Neil" } });
}

const run = (script: string, directive = 'run'): string => `<!-- ${directive} -->\n\n~~~sh\n${script}\n~~~`;
const prints = (text: string): string => `<!-- prints -->\n\n~~~text\n${text}\n~~~`;

describe('a page is followed when', () => {
  test.each([
    ['its commands print what it shows, among other lines', [run('seq 5'), prints('2\n…\n4')]],
    [
      'only ids, times and ages differ',
      [
        run('echo 11111111-2222-3333-4444-555555555555 at 2026-01-01T00:00:00Z, 7s'),
        prints('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee at 2025-12-31T23:59:59.5Z, 2m3s'),
      ],
    ],
    ['a block ends with the exit code it names', [run('sh -c "exit 2"', 'run: exit 2')]],
    [
      'variables keep their values from block to block',
      [run('export A=1'), run('echo "A is $A"'), prints('A is 1')],
    ],
    [
      'the reader puts values in',
      ['<!-- values -->\n\n~~~sh\nexport NAME=…   # yours\n~~~', run('echo "$NAME"'), prints("O'Neil")],
    ],
  ])('%s', async (_what, lines) => {
    await followPage(...lines);
  });
});

describe('a page is not followed when', () => {
  test.each([
    ['a line it shows is not printed', [run('echo one'), prints('two')], /shows "two"/],
    ['lines are printed in another order', [run('seq 2'), prints('2\n1')], /shows "1"/],
    ['a block fails', [run('false')], /exit code of/],
    ['a command before the last one of a block fails', [run('false\ntrue')], /exit code of/],
    ['a part of a pipe fails', [run('false | cat')], /exit code of/],
    ['a block succeeds that says it fails', [run('true', 'run: exit 1')], /exit code of/],
    ['a variable is not set', [run('echo "$NOT_SET_ANYWHERE"')], /./],
    ['it has no commands', ['# Nothing'], /commands to run/],
    [
      'it asks for a value that is not given',
      ['<!-- values -->\n\n~~~sh\nexport OTHER=…\n~~~', run('true')],
      /no value for OTHER/,
    ],
  ])('%s', async (_what, lines, message) => {
    await expect(followPage(...lines)).rejects.toThrow(message);
  });
});
