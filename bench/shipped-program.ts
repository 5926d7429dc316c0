import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * The program as the image runs it: the bundle, built into `directory`, with the flags of the Dockerfile.
 * Sources would be measured with the compiler that strips their types, which alone takes 75 MiB.
 *
 * @param node the Node.js to use, or a program that becomes one, for instance after it entered a cgroup with
 *   a memory limit
 */
export async function shippedProgram(
  directory: string,
  node: string,
): Promise<readonly [command: string, ...args: readonly string[]]> {
  await promisify(execFile)(process.execPath, ['scripts/build.ts', directory]);
  const entrypoint = /^ENTRYPOINT \["\/nodejs\/bin\/node", (.*)\]$/m.exec(
    await readFile('Dockerfile', 'utf8'),
  );
  if (entrypoint === null) {
    throw new Error('The Dockerfile has no ENTRYPOINT that starts Node.js.');
  }
  const args: readonly string[] = JSON.parse(`[${entrypoint[1]}]`);
  return [node, ...args.map((arg) => arg.replace(/^\/app\//, join(directory, '/')))];
}
