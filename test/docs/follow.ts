import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { isClockAhead } from '../harness/clock.ts';
import type { Step } from './transcript.ts';

/** What a reader has. */
export interface Reader {
  /** Added to this process's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the reader puts into the page's `values` blocks; exactly the names that stand there. */
  readonly values: Readonly<Record<string, string>>;
}

/** What one block did. */
interface Result {
  readonly code: number;
  readonly output: string;
}

/** The pages' own waits end after five minutes; a page that is right needs seconds. */
const PATIENCE_MS = 240_000;

/** Ends the output of a command group; holds its exit code. */
const marker = '\u0001end ';

/**
 * Follows a page: runs its commands as they are written, in one shell, from the root of the repository. Each
 * block must end with the exit code it names, no command before its last may fail, and everything the page
 * shows must be printed.
 */
export async function follow(steps: readonly Step[], reader: Reader): Promise<void> {
  expect(steps.filter(({ kind }) => kind === 'run').length, 'the page has commands to run').toBeGreaterThan(
    0,
  );
  const results = await runAll(scriptOf(steps, reader), reader.env);
  let last: Result | undefined;
  let next = 0;
  for (const step of steps) {
    if (step.kind === 'run') {
      last = results[next];
      expect(last?.code, `exit code of ${step.where}, which printed:\n${last?.output}`).toBe(step.exit);
      next += 1;
    } else if (step.kind === 'prints') {
      expectPrinted(step.lines, last?.output ?? '', step.where);
    }
  }
}

function scriptOf(steps: readonly Step[], { values }: Reader): string {
  const parts = steps.map((step) => {
    if (step.kind === 'values') {
      return step.names.map((name) => `export ${name}=${quoted(given(values, name, step.where))}`).join('\n');
    }
    if (step.kind === 'prints') {
      return '';
    }
    // A group, not a subshell: what it exports stays. ERR fires for a command that fails before the last one,
    // too.
    return `failed=0; trap 'failed=$?' ERR\n{\n${step.script}\n}\nprintf '${marker}%s\\n' "$failed"`;
  });
  return ['exec 2>&1', 'set -u -o pipefail', ...parts].join('\n');
}

function given(values: Readonly<Record<string, string>>, name: string, where: string): string {
  const value = values[name];
  if (value === undefined) {
    throw new Error(`${where}: the test has no value for ${name}.`);
  }
  return value;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

async function runAll(script: string, env: Readonly<Record<string, string>>): Promise<readonly Result[]> {
  // A group of its own, so that what hangs can be ended together with the shell.
  const shell = spawn('bash', ['-c', script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  const { pid } = shell;
  if (pid === undefined) {
    throw new Error('bash could not be started.');
  }
  const patience = setTimeout(() => process.kill(-pid), PATIENCE_MS);
  const [output] = await Promise.all([text(shell.stdout), once(shell, 'close')]).finally(() =>
    clearTimeout(patience),
  );
  const results: Result[] = [];
  let rest = output;
  for (let at = rest.indexOf(marker); at !== -1; at = rest.indexOf(marker)) {
    const end = rest.indexOf('\n', at);
    results.push({ code: Number(rest.slice(at + marker.length, end)), output: rest.slice(0, at) });
    rest = rest.slice(end + 1);
  }
  expect(rest, 'what a block printed that did not come to its end').toBe('');
  expect(shell.exitCode, 'exit code of the shell').toBe(0);
  return results;
}

/** Every line shown must be printed, in this order; others may come between. `…` stands for anything. */
function expectPrinted(shown: readonly string[], output: string, where: string): void {
  const printed = output.split('\n').map(comparable);
  let from = 0;
  for (const line of shown.filter((each) => each.trim() !== '' && each.trim() !== '…')) {
    const wanted = comparable(line);
    const pattern = new RegExp(`^${wanted.split('…').map(escaped).join('.*')}$`);
    const at = printed.findIndex((each, index) => index >= from && pattern.test(each));
    expect(at, `${where} shows "${line}", but printed was:\n${output}`).not.toBe(-1);
    from = at + 1;
  }
}

/** Without what differs from run to run: ids, digests, times, ages, ports, and the width of columns. */
function comparable(line: string): string {
  // Ages are counted by the API server, for which a time that is written ahead of it has none.
  return (isClockAhead() ? line.replaceAll('<invalid>', '0s') : line)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<digest>')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/\b\d+(?:\.\d+)? ?(?:ms|[smhd])(?: ?\d+ ?[smhd])?\b/g, '<age>')
    .replaceAll(/\bin \d+ (?:days?|hours?|minutes?)/g, 'in <while>')
    .replaceAll(/[\w.-]+:\d{4,5}\b/g, '<address>')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
