import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import { commandExamples } from '../../src/cli/examples.ts';
import { commandExitCodes, exitCodes, exitCodesOf } from '../../src/cli/exit-codes.ts';
import { runCLI } from './run-cli.ts';

const program = idleProgram();
const commands = program.createHelp().visibleCommands(program);

test('the table has every command and no other, and each has an example', () => {
  const names = commands.map((command) => command.name()).sort();
  expect(Object.keys(commandExitCodes).sort()).toEqual(names);
  expect(Object.keys(commandExamples).sort()).toEqual(names);
  const known = new Set<number>(Object.values(exitCodes));
  for (const codes of Object.values(commandExitCodes)) {
    expect(Object.keys(codes).every((code) => known.has(Number(code)))).toBe(true);
  }
});

test('the reference page holds the table', () => {
  const page = readFileSync('docs/reference/command-line.md', 'utf8');
  for (const [command, codes] of Object.entries(commandExitCodes)) {
    for (const [code, meaning] of Object.entries(codes)) {
      expect(page).toContain(`| \`${command}\` | ${code} | ${meaning} |\n`);
    }
  }
});

test.each(commands.map((command) => command.name()))(
  '%s shows its codes and an example, and ends with 64 when misused',
  async (name) => {
    const help = await runCLI([name, '--help']);
    expect(help.code).toBe(0);
    const lines = exitCodesOf(name).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}\n`);
    expect(help.stdout).toContain(`\nExit codes:\n${lines.join('')}`);
    expect(help.stdout).toContain(commandExamples[name]?.[0]?.replace('kubectl ', ''));
    expect((await runCLI([name, '--no-such-flag'])).code).toBe(64);
  },
);

/** What the commands without a cluster end with; those in a cluster are in kubectl.test.ts, row by row. */
test.each<[code: number, args: readonly string[]]>([
  [1, ['verify', '/nonexistent', '--trust-on-first-use']],
  [1, ['check', 'a/b', '--storage', '/nonexistent', '--redis', 'redis://127.0.0.1:1/0']],
  [0, ['version', '--client']],
  [0, ['completion', 'bash']],
  [64, ['completion', 'tcsh']],
  [64, ['status', '--kubeconfig', '/nonexistent']],
])('%i after %j', async (code, args) => {
  expect((await runCLI(args)).code).toBe(code);
});

const hasGroff = spawnSync('groff', ['--version']).status === 0;

test.runIf(hasGroff)('the manual page is one', () => {
  const { stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', 'docs/man/tuf-recovery.1'], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  for (const command of commands) {
    expect(stdout).toContain(command.name());
  }
});
