import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { imageRuntime } from './image-runtime.ts';

/** A command and its first arguments, and variables for its environment. */
export interface ShippedProgram {
  readonly program: readonly [command: string, ...args: readonly string[]];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The program as the image runs it: the bundle, built into `directory`, with the flags and variables of the
 * Dockerfile. Sources would be measured with the compiler that strips their types, which alone takes 75 MiB.
 *
 * @param node the Node.js to use, or a program that becomes one, for instance after it entered a cgroup with
 *   a memory limit
 * @param flags of Node.js, beside those of the image
 */
export async function shippedProgram(
  directory: string,
  node: string,
  flags: readonly string[] = [],
): Promise<ShippedProgram> {
  await promisify(execFile)(process.execPath, ['scripts/build.ts', directory]);
  const image = imageRuntime();
  const file = image.program.replace(/^\/app\//, join(directory, '/'));
  return { program: [node, ...image.flags, ...flags, file], env: image.env };
}
