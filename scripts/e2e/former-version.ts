import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../demo/execute.ts';
import { buildImage } from '../image/build-image.ts';
import { hostArchitecture } from '../image/platform.ts';
import { buildProgramFiles, readDockerfile } from '../image/program-files.ts';

/**
 * Where upgrades begin: the last commit at which a policy kept in its own status what it knows of its apps,
 * so that this version's CRDs and roles differ from its own. The latest release takes its place once there is
 * one.
 */
const commit = '76a75e0126c2d8f1be9efddb0552e11f8c06135f';

/** An earlier version as a user has it: a chart, and the image it runs. */
export interface FormerVersion {
  /** The folder of the chart. */
  readonly chart: string;
  /** The archive of the image. */
  readonly archive: string;
  readonly tag: string;
}

/** What {@link formerVersion} builds with. */
export interface FormerVersionOptions {
  /** The clone. */
  readonly root: string;
  /** For its files; made when it is not there. */
  readonly directory: string;
  /** Archive of this version's image: the former program is put onto it, because base images are not kept. */
  readonly base: string;
  /** What the image is called, without its tag. */
  readonly repository: string;
}

/** Builds the former version from this clone's history; undefined where the history lacks it. */
export async function formerVersion({
  root,
  directory,
  base,
  repository,
}: FormerVersionOptions): Promise<FormerVersion | undefined> {
  const git = (...args: readonly string[]): Promise<string> =>
    // Root builds from a clone that may be another user's.
    execute('git', ['-c', 'safe.directory=*', '-C', root, ...args]);
  try {
    await git('cat-file', '-e', `${commit}^{commit}`);
  } catch {
    return undefined;
  }
  const sources = join(directory, 'sources');
  const work = join(directory, 'work');
  const files = join(directory, 'files');
  await Promise.all([sources, work, files].map((path) => mkdir(path, { recursive: true })));
  const tree = join(directory, 'sources.tar');
  await git('archive', '--format=tar', `--output=${tree}`, commit);
  await execute('tar', ['--extract', `--file=${tree}`, `--directory=${sources}`]);
  // The versions of what the program is bundled with are the same.
  await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
  const stages = await readDockerfile(sources);
  await buildProgramFiles(stages, sources, work, files);
  const tag = 'former';
  const archive = join(directory, 'former.tar');
  await buildImage({
    ...{ stages, files, architectures: [hostArchitecture()], name: `${repository}:${tag}`, output: archive },
    // Nothing is made: the base is given.
    ...{ base, mirror: '', nodeVersion: '', mtime: 0 },
  });
  return { chart: join(sources, 'charts/tuf-recovery-operator'), archive, tag };
}
