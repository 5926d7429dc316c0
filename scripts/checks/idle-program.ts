import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { readEnvironment } from '../../src/cli/options/env.ts';
import { createProgram } from '../../src/cli/program.ts';

/** The program with all its commands, to be asked what they are: nothing is run. */
export function idleProgram(): Command {
  const sink = new PassThrough();
  return createProgram({
    startedAs: 'tuf-recovery',
    env: readEnvironment({}),
    stdout: sink,
    stderr: sink,
    interactive: false,
    color: false,
    columns: undefined,
    confirm: undefined,
    signal: new AbortController().signal,
    exit: () => {},
  });
}
