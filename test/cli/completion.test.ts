import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { idleProgram } from '../../scripts/checks/idle-program.ts';
import { complete } from '../../src/cli/completion/candidates.ts';
import { shells } from '../../src/cli/completion/scripts.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { runCLI } from './run-cli.ts';

const program = idleProgram();

function valuesAfter(...words: string[]): readonly string[] {
  return complete(program, words).candidates.map(({ value }) => value);
}

describe('what may be typed next', () => {
  test('is every command that --help shows, and no other', () => {
    const shown = program
      .createHelp()
      .visibleCommands(program)
      .map((command) => command.name());
    expect(valuesAfter('')).toEqual(shown);
    expect(valuesAfter('', '')).not.toContain('__complete');
  });

  test('is every flag of each command', () => {
    for (const command of program.createHelp().visibleCommands(program)) {
      const flags = command.options.filter(({ hidden }) => !hidden).map(({ long }) => long);
      expect(valuesAfter(command.name(), '--')).toEqual(flags);
    }
  });

  test.each<[string[], readonly string[]]>([
    [['sta'], ['status']],
    [
      ['run', 'alice/tuf', '--approval', ''],
      ['Automatic', 'Manual'],
    ],
    [['run', '--approval', 'M'], ['Manual']],
    [['recover', '--policy=st'], ['--policy=strict']],
    [['recover', '--policy', '=', 'st'], ['--policy=strict']],
    [['completion', 'f'], ['fish']],
    [['conformance', 'i'], ['init']],
    [['wait', 'x', '--timeout', ''], []],
    [['unknown', ''], valuesAfter('')],
    [['help', ''], valuesAfter('')],
    [['help', 'sta'], ['status']],
    [['help', 'target', 'c'], ['create']],
    [['help', 'run', ''], []],
    [['help', 'unknown', ''], []],
  ])('%j → %j', (words, expected) => {
    expect(valuesAfter(...words)).toEqual(expected);
  });

  test('is a name of the cluster that the flags before name', () => {
    expect(complete(program, ['status', '-n', 'prod', '--context=x', ''])).toMatchObject({
      names: 'apps',
      cluster: { namespace: 'prod', context: 'x' },
    });
    expect(complete(program, ['wait', ''])).toMatchObject({ names: 'runs' });
    expect(complete(program, ['logs', ''])).toMatchObject({ names: 'runsAndApps' });
    expect(complete(program, ['run', '--target', ''])).toMatchObject({ names: 'targets' });
  });

  test('is a file where a file is meant', () => {
    expect(complete(program, ['verify', '']).files).toBe(true);
    expect(complete(program, ['recover', '--root', '']).files).toBe(true);
    expect(complete(program, ['status', '']).files).toBe(false);
  });
});

test('a cluster that does not answer completes nothing and says nothing', async () => {
  const result = await runCLI(['__complete', 'status', ''], { env: { KUBECONFIG: '/nonexistent' } });
  expect(result).toEqual({ code: 0, stdout: ':4\n', stderr: '' });
});

test('kubectl asks the program beside the plugin, in the form that it understands', () => {
  const asked = `${dirname(LAUNCHER)}/kubectl_complete-tuf_recovery`;
  const output = execFileSync(asked, ['stat'], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
  expect(output).toMatch(/^status\t.+\n:4\n$/);
});

const isInstalled = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** What each shell itself offers for the line, with the script it loads from the program. */
const offers: Readonly<Record<(typeof shells)[number], (words: readonly string[]) => string>> = {
  bash: (words) =>
    `source <(tuf-recovery completion bash)
     COMP_WORDS=(tuf-recovery ${words.join(' ')}); COMP_CWORD=${words.length}
     _tuf_recovery; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (words) =>
    `autoload -Uz compinit; compinit -D; source <(tuf-recovery completion zsh)
     _describe() { print -l -- "\${(@)\${(@P)2}%%:*}" }
     words=(tuf-recovery ${words.join(' ')}); CURRENT=${words.length + 1}; _tuf_recovery`,
  fish: (words) =>
    `tuf-recovery completion fish | source; complete -C 'tuf-recovery ${words.join(' ')}' | cut -f 1`,
};

describe.each(shells)('%s', (shell) => {
  test.runIf(isInstalled(shell))('completes commands, flags and values', async () => {
    // Shells write into their home.
    await using home = await temporaryDirectory('home');
    const env = { PATH: `${dirname(LAUNCHER)}${delimiter}${process.env['PATH']}`, HOME: home.path };
    const ask = (...words: string[]): readonly string[] =>
      execFileSync(shell, ['-c', offers[shell](words)], { encoding: 'utf8', env })
        .trim()
        .split('\n');
    expect(ask('stat')).toEqual(['status']);
    expect(ask('completion', '--hel').join()).not.toContain('error');
    expect(ask('recover', '--root-s')).toEqual(['--root-sha256']);
    expect(ask('run', 'alice/tuf', '--approval', 'Man')).toEqual(['Manual']);
  });
});
