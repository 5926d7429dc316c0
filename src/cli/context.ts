import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import type { Environment } from './options/env.ts';

/** What a command may use of the process it runs in. */
export interface CommandContext {
  /** What a person types to start the program; help shows it. */
  readonly startedAs: 'tuf-recovery' | 'kubectl tuf-recovery';
  readonly env: Environment;
  /** Results, and nothing else: `-o json` must stay parseable. */
  readonly stdout: Writable;
  /** Progress, warnings, errors. */
  readonly stderr: Writable;
  /** Whether a person watches `stderr`: decides about the progress bar. */
  readonly interactive: boolean;
  /** Whether human output on `stdout` may hold escape sequences. */
  readonly color: boolean;
  /** Columns of the terminal behind `stdout`; undefined for a pipe or file. */
  readonly columns: number | undefined;
  /**
   * Asks the person at the terminal; undefined where standard input and error are none. Anything but y or yes
   * is no.
   */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /**
   * Decides the exit code; without a call it is `done`. The process ends when nothing is left to
   * do.
   */
  exit(code: ExitCode): void;
}

/**
 * Adds one command to the program. Its action may throw a RecoveryError: `InvalidInput` ends as a usage
 * error, any other as a failure, both with their message and without a stack.
 *
 * What a command needs to run (engine, SDKs) is imported in its action, so that `--help` of another one stays
 * quick.
 */
export type RegisterCommand = (program: Command, context: CommandContext) => void;
