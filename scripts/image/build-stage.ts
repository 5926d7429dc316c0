import { execFile } from 'node:child_process';
import { cp, mkdir, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildContext } from './build-context.ts';
import type { Instruction, Stage } from './dockerfile.ts';

const run = promisify(execFile);
const INSTALL_PACKAGES = /^npm ci( --[a-z-]+)*$/;
const RUN_NODE = /^node (?<args>\S+( \S+)*)$/;

/**
 * Does what a builder does with a stage that builds the program: COPY takes only what the .dockerignore lets
 * through, RUN runs in the directory of the stage, with nothing else in it. Only `npm ci` is not repeated:
 * the packages are those of the repository, which set-up keeps equal to the lockfile.
 *
 * @param repository root of the build context
 * @param directory an empty directory that becomes the stage's WORKDIR
 * @throws Error for an instruction that is not understood, a source that does not reach the builder, or a RUN
 *   that fails
 */
export async function replayBuildStage(stage: Stage, repository: string, directory: string): Promise<void> {
  const context = await buildContext(repository);
  for (const instruction of stage.instructions) {
    if (instruction.keyword === 'COPY') {
      await copy(instruction, context, repository, directory);
    } else if (instruction.keyword === 'RUN') {
      await execute(instruction, repository, directory);
    } else if (instruction.keyword !== 'WORKDIR') {
      throw new Error(
        `Dockerfile:${instruction.line}: ${instruction.keyword} in a build stage is not understood without Docker. ` +
          'Teach scripts/image/build-stage.ts what it does.',
      );
    }
  }
}

async function copy(
  { argument, line }: Instruction,
  context: readonly string[],
  repository: string,
  directory: string,
): Promise<void> {
  const paths = argument.split(/\s+/);
  const target = paths.pop() ?? '';
  for (const source of paths) {
    const files = context.filter((file) => file === source || file.startsWith(`${source}/`));
    if (files.length === 0) {
      throw new Error(
        `Dockerfile:${line}: ${source} does not reach the builder. Add !${source} to .dockerignore.`,
      );
    }
    for (const file of files) {
      const to =
        target.endsWith('/') && file === source
          ? join(directory, target, file)
          : join(directory, target, file.slice(source.length));
      await mkdir(dirname(to), { recursive: true });
      await cp(join(repository, file), to);
    }
  }
}

async function execute(
  { argument, line }: Instruction,
  repository: string,
  directory: string,
): Promise<void> {
  if (INSTALL_PACKAGES.test(argument)) {
    await stat(join(directory, 'package-lock.json'));
    await symlink(join(repository, 'node_modules'), join(directory, 'node_modules'));
    return;
  }
  const args = RUN_NODE.exec(argument)?.groups?.['args'];
  if (args === undefined) {
    throw new Error(`Dockerfile:${line}: RUN ${argument} can't be repeated without Docker.`);
  }
  await run(process.execPath, args.split(' '), { cwd: directory });
}
