import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { poll } from './poll.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const SETPRIV = '/usr/bin/setpriv';
/** For one that is disposed of: nothing looks at how it ends. */
const DISPOSAL_GRACE_MS = 10_000;
/** As long as a poll: how a process stops is judged, and a slow machine is no failure. */
const STOP_GRACE_MS = 300_000;
const READY_TIMEOUT_MS = 300_000;
const SHOWN_LOG_LINES = 40;

/** What to run and how to see that it is up. */
export interface ProcessOptions {
  /** For messages: `redis-server`, `kube-apiserver`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Answers true once the part serves. Errors count as "not yet". Without it the part is ready at once. */
  readonly ready?: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
}

/** How a process ended: an exit code, or the signal that ended it. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A child process with its log. It dies with this process, however this one ends (on Linux even by SIGKILL).
 */
export interface RunningProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /**
   * What it wrote to standard output and standard error so far, in order; all of it once it is disposed of.
   */
  log(): Promise<string>;
  /** SIGSTOP: the process hangs, its connections stay open and silent. */
  suspend(): void;
  /** SIGCONT after {@link suspend}. */
  resume(): void;
  /** SIGKILL, as a node failure or the out-of-memory killer does; resolves when it is gone. */
  kill(): Promise<ProcessExit>;
  /** SIGTERM, then SIGKILL after five minutes; resolves when it is gone. Idempotent. */
  stop(): Promise<ProcessExit>;
}

/**
 * Starts a program and waits until it is ready.
 *
 * @throws Error that names the program and shows the end of its log, when it exits early or isn't ready in
 *   time.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const running = await launch(options);
  const { ready, readyTimeoutMs = READY_TIMEOUT_MS } = options;
  if (!ready) {
    return running;
  }
  const gone = new AbortController();
  let ended: Error | undefined;
  void running.exited.then(({ code, signal }) => {
    ended = new Error(`${options.name} ended with ${signal ?? `exit code ${code}`}`);
    gone.abort(ended);
  });
  try {
    await poll(`${options.name} to be ready`, ready, { timeoutMs: readyTimeoutMs, signal: gone.signal });
    return running;
  } catch (error) {
    const log = (await running.log()).split('\n').slice(-SHOWN_LOG_LINES).join('\n');
    await running[Symbol.asyncDispose]();
    throw new Error(
      `${options.name} did not start: ${ended ? 'it ended at once' : 'it was not ready in time'}.\n` +
        `Command: ${options.command} ${options.args.join(' ')}\nEnd of its log:\n${log}`,
      { cause: ended ?? error },
    );
  }
}

async function launch({ name, command, args, env, cwd }: ProcessOptions): Promise<RunningProcess> {
  const directory = await temporaryDirectory(`log-${name}`);
  const logPath = join(directory.path, 'log');
  const logFile = openSync(logPath, 'a');
  // A parent that is killed runs no exit hook. Linux can deliver a signal on the parent's death, and setpriv
  // (util-linux) asks for it and then becomes the program itself, under the same process id.
  const bound = process.platform === 'linux' && existsSync(SETPRIV);
  const child = spawn(
    bound ? SETPRIV : command,
    bound ? ['--pdeathsig', 'KILL', '--', command, ...args] : [...args],
    { cwd, env: { ...process.env, ...env }, stdio: ['ignore', logFile, logFile] },
  );
  closeSync(logFile);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
  const untie = dieTogether(() => child.kill('SIGKILL'));
  void exited.then(untie);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) {
    throw new Error(`${name} was started but has no process id.`);
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL', graceMs: number): Promise<ProcessExit> => {
    if (child.exitCode !== null || child.signalCode !== null) {
      return exited;
    }
    // A stopped process keeps SIGTERM pending for ever, so wake it first.
    child.kill('SIGCONT');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    try {
      return await exited;
    } finally {
      clearTimeout(timer);
    }
  };
  let whole: string | undefined;
  const log = async (): Promise<string> => {
    try {
      return await readFile(logPath, 'utf8');
    } catch (error) {
      if (whole === undefined) {
        throw error;
      }
      return whole;
    }
  };
  return {
    name,
    pid,
    exited,
    log,
    suspend: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: () => end('SIGKILL', STOP_GRACE_MS),
    stop: () => end('SIGTERM', STOP_GRACE_MS),
    [Symbol.asyncDispose]: async () => {
      await end('SIGTERM', DISPOSAL_GRACE_MS);
      // A caller that waits for its end asks for the log then, when the file may be gone.
      whole ??= await readFile(logPath, 'utf8');
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Calls `kill` when this process exits or is signalled; returns the function that removes the handlers. */
function dieTogether(kill: () => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = (signal: NodeJS.Signals): void => {
    kill();
    untie();
    // Listening took the signal's default action away. Another listener, if there is one, ends the process.
    if (process.listenerCount(signal) === 0) {
      process.kill(process.pid, signal);
    }
  };
  const untie = (): void => {
    process.off('exit', kill);
    for (const signal of signals) {
      process.off(signal, onSignal);
    }
  };
  // One listener per live child is intended, not a leak.
  process.setMaxListeners(0);
  process.on('exit', kill);
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  return untie;
}
