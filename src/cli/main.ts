import { TerminalError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { readEnvironment } from './options/env.ts';
import { runProgram } from './program.ts';

/** The process: environment, streams and signals in, exit code out. Everything else is handed a context. */

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: the second signal has its default action and ends a process that can't stop by itself.
  process.once(signal, () => interrupted.abort(new TerminalError('Aborted', `Interrupted by ${signal}.`)));
}

// A reader that went away (`| head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') {
    throw error;
  }
});

const env = readEnvironment(process.env);
const context: CommandContext = {
  env,
  stdout: process.stdout,
  stderr: process.stderr,
  interactive: process.stderr.isTTY === true,
  color: env.color ?? process.stdout.isTTY === true,
  signal: interrupted.signal,
  exit: (code) => {
    // Not process.exit(): pending output would be cut.
    process.exitCode = code;
  },
};
process.exitCode = exitCodes.done;
await runProgram(process.argv.slice(2), context);
