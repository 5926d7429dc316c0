import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { sameClock } from '../harness/clock.ts';
import { LAUNCHER } from '../harness/launcher.ts';
import { commandOf, expectPublishedSchema } from './output-schema.ts';

/** What a command did. */
export interface CLIResult {
  readonly code: number | null;
  readonly stdout: string;
  /**
   * Without lines about an API server that is slow to answer: whether they come depends on the load of the
   * machine.
   */
  readonly stderr: string;
}

/** What the plugin says of a request that takes longer than usual: see `silent-api-server.test.ts`. */
const slowAnswer = /^(?:still: )?Waiting for the API server \S+ {2}\(\d+ s\)\n/gm;

/** How to run it. */
export interface CLIOptions {
  /** The whole configuration; nothing of this process's own AWS_, S3_ or REDIS_ variables is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly command?: string;
}

/** Runs the program to its end, as a user or script does. */
export async function runCLI(args: readonly string[], options: CLIOptions = {}): Promise<CLIResult> {
  const child = spawn(options.command ?? LAUNCHER, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      ...sameClock(),
      // Otherwise the ambient credentials would be looked for on a cloud's metadata service.
      AWS_EC2_METADATA_DISABLED: 'true',
      ...options.env,
    },
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode === null ? once(child, 'close') : undefined,
  ]);
  return { code: child.exitCode, stdout, stderr: stderr.replaceAll(slowAnswer, '') };
}

/** The same with `-o json`, parsed and held against the published schema of the command. */
export async function runJSON(
  args: readonly string[],
  options: CLIOptions = {},
): Promise<CLIResult & { readonly json: Record<string, unknown> }> {
  const result = await runCLI([...args, '-o', 'json'], options);
  let json: Record<string, unknown>;
  try {
    // Every result of the program is an object; the tests look at its fields.
    json = JSON.parse(result.stdout) as Record<string, unknown>;
  } catch (cause) {
    throw new Error(
      `No JSON on standard output. Exit code ${result.code}.\n${result.stdout}\n${result.stderr}`,
      {
        cause,
      },
    );
  }
  expectPublishedSchema(commandOf(args), json);
  return { ...result, json };
}
