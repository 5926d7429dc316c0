import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** Scripts that people start with flags. */
const scripts = ['demo', 'image', 'e2e-node', 'e2e-kind'] as const;

function start(script: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`scripts/${script}.ts`, ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test.each(scripts)('%s shows its flags', (script) => {
  const { status, stdout, stderr } = start(script, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^npm run .*\n\n {2}--/);
});

test.each(scripts.flatMap((script) => ['--wat', 'extra', '--keep=x'].map((arg) => [script, arg])))(
  '%s %s is refused with what is allowed, before anything is done',
  (script = '', arg = '') => {
    const { status, stdout, stderr } = start(script, arg);
    expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
    expect(stderr).toMatch(/^(Unknown option|Unexpected argument|Option) .*\n\nnpm run /);
    expect(stderr).not.toContain('    at ');
  },
);
