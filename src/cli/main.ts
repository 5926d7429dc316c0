import { createInterface } from 'node:readline';
import { TerminalError } from '../errors.ts';
import type { CommandContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { readEnvironment } from './options/env.ts';
import { runProgram } from './program.ts';

/** The process: environment, streams and signals in, exit code out. Everything else is handed a context. */

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: the second signal has its default action and ends a process that can't stop otherwise.
  process.once(signal, () => interrupted.abort(new TerminalError('Aborted', `Interrupted by ${signal}.`)));
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that went away (`| head`) is no failure of ours. Anything else, a full disk for example, means
    // that the result is not where it was asked for.
    if (error.code !== 'EPIPE' && process.exitCode === exitCodes.done) {
      process.exitCode = exitCodes.failed;
      if (stream === process.stdout) {
        process.stderr.write(`error: The output can't be written: ${error.message}.\n`);
      }
    }
  });
}

/**
 * TERM=dumb: a terminal that knows no cursor movement and no colours, as editors and CI systems have them.
 */
const isDumb = process.env['TERM'] === 'dumb';

const env = readEnvironment(process.env);
const context: CommandContext = {
  // Set by the launcher: Node.js does not see by which link it was started.
  startedAs:
    process.env['TUF_RECOVERY_LAUNCHER'] === 'kubectl-tuf_recovery' ? 'kubectl tuf-recovery' : 'tuf-recovery',
  env,
  stdout: process.stdout,
  stderr: process.stderr,
  interactive: process.stderr.isTTY === true && !isDumb,
  color: env.color ?? (process.stdout.isTTY === true && !isDumb),
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  confirm: process.stdin.isTTY === true && process.stderr.isTTY === true ? confirm : undefined,
  signal: interrupted.signal,
  exit: (code) => {
    // Not process.exit(): pending output would be cut.
    process.exitCode = code;
  },
};

/**
 * Asks on standard error, because standard output may be a file. The terminal edits the line and not Node.js,
 * which would take Ctrl-C for itself and move the cursor of a dumb terminal. Ctrl-D means no.
 */
async function confirm(question: string): Promise<boolean> {
  const { signal } = interrupted;
  process.stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  try {
    for await (const answer of lines) {
      return /^y(es)?$/i.test(answer.trim());
    }
  } finally {
    // An open one would keep the process.
    lines.close();
  }
  process.stderr.write('\n');
  if (signal.aborted) {
    throw new TerminalError('Aborted', 'Interrupted at the question: nothing was changed.');
  }
  return false;
}

process.exitCode = exitCodes.done;
await runProgram(process.argv.slice(2), context);
