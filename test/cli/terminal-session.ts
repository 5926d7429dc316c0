import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sameClock } from '../harness/clock.ts';

/** How to run a command on a terminal. */
export interface TerminalOptions {
  readonly command: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What a person types at the question `[y/N]`, with the key that ends it. */
  readonly typed?: string;
}

/** What a command did on a terminal. */
export interface TerminalResult {
  readonly code: number | null;
  /** Everything that the terminal got, escape sequences and all; lines end in `\r\n`. */
  readonly screen: string;
}

/** Runs a command to its end on a terminal of its own, of 80 columns (util-linux script). */
export async function onTerminal(
  args: readonly string[],
  { command, env, typed }: TerminalOptions,
): Promise<TerminalResult> {
  const line = `stty cols 80; exec ${[command, ...args].map((word) => `'${word}'`).join(' ')}`;
  const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', TERM: 'xterm', ...sameClock(), ...env },
  });
  let screen = '';
  let left = typed;
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (left !== undefined && screen.includes('[y/N]')) {
      // It stays open: a person does not go away after an answer.
      child.stdin.write(left);
      left = undefined;
    }
  });
  await once(child, 'close');
  return { code: child.exitCode, screen };
}
