import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replayBuildStage } from './build-stage.ts';
import { parseDockerfile, type Stage } from './dockerfile.ts';
import { applyCopies, workdirOf } from './image-recipe.ts';

/** The Dockerfile's stages: those that build, and the one that becomes the image. */
export interface Stages {
  readonly builds: readonly Stage[];
  readonly last: Stage;
}

/** Reads the Dockerfile of a repository. */
export async function readDockerfile(repository: string): Promise<Stages> {
  const builds = [...parseDockerfile(await readFile(join(repository, 'Dockerfile'), 'utf8'))];
  const last = builds.pop();
  if (last === undefined) {
    throw new Error('The Dockerfile has no stage.');
  }
  return { builds, last };
}

/**
 * Builds what the Dockerfile puts onto its base.
 *
 * @param work an empty directory for the stages
 * @param target where the files go, as if it were the image's root
 */
export async function buildProgramFiles(
  { builds, last }: Stages,
  repository: string,
  work: string,
  target: string,
): Promise<void> {
  const stages: Record<string, { workdir: string; directory: string }> = {};
  for (const [index, stage] of builds.entries()) {
    const directory = join(work, `stage-${index}`);
    await mkdir(directory);
    await replayBuildStage(stage, repository, directory);
    stages[stage.name ?? String(index)] = { workdir: workdirOf(stage), directory };
  }
  await applyCopies(last, repository, stages, target);
}
