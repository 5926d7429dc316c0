import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import packageJSON from '../../package.json' with { type: 'json' };
import { buildContext } from '../../scripts/image/build-context.ts';
import { replayBuildStage } from '../../scripts/image/build-stage.ts';
import { parseDockerfile } from '../../scripts/image/dockerfile.ts';
import { applyCopies, runConfigOf } from '../../scripts/image/image-recipe.ts';
import { readDockerfile } from '../../scripts/image/program-files.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

describe('the Dockerfile', () => {
  test('ends in an image without a shell, as a user that is a number', async () => {
    const { from, instructions } = (await readDockerfile(process.cwd())).last;
    expect(from).toMatch(/^gcr\.io\/distroless\/nodejs24-debian12:nonroot@/);
    expect(instructions).toContainEqual(
      expect.objectContaining({ keyword: 'USER', argument: '65532:65532' }),
    );
    expect(instructions.filter(({ keyword }) => keyword === 'RUN')).toEqual([]);
  });

  test('begins with images that cannot change under it, and with the Node.js this repository is tested with', async () => {
    const { builds, last } = await readDockerfile(process.cwd());
    for (const { from } of [...builds, last]) {
      expect(from).toMatch(/^[a-z0-9./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    }
    expect(builds[0]?.from).toContain(`node:${packageJSON.devDependencies.node}-`);
    expect(last.from).toContain(`nodejs${process.versions.node.split('.')[0]}-`);
  });

  test('gets from the .dockerignore what it copies, and nothing else', async () => {
    const context = await buildContext(process.cwd());
    const { builds, last } = await readDockerfile(process.cwd());
    const copied = [...builds, last]
      .flatMap(({ instructions }) => instructions)
      .filter(({ keyword, flags }) => keyword === 'COPY' && flags['from'] === undefined)
      .flatMap(({ argument }) => argument.split(' ').slice(0, -1));
    const unused = context.filter(
      (file) => !copied.some((source) => file === source || file.startsWith(`${source}/`)),
    );
    expect(unused).toEqual([]);
    expect(copied.filter((source) => !context.some((file) => `${file}/`.startsWith(`${source}/`)))).toEqual(
      [],
    );
  });

  test('fails to build, as Docker would, when the .dockerignore keeps a source away', async () => {
    await using repository = await temporaryDirectory('context');
    await using directory = await temporaryDirectory('stage');
    await mkdir(join(repository.path, 'scripts'));
    await writeFile(join(repository.path, 'scripts/build.ts'), '');
    await writeFile(join(repository.path, '.dockerignore'), '*\n!scripts/build.ts\n');
    const [stage] = parseDockerfile('FROM node AS build\nCOPY scripts/build.ts scripts/build scripts/\n');
    if (stage === undefined) {
      throw new Error('no stage');
    }
    await expect(replayBuildStage(stage, repository.path, directory.path)).rejects.toThrow(
      'Dockerfile:2: scripts/build does not reach the builder. Add !scripts/build to .dockerignore.',
    );
  });

  test.each([
    ['RUN apt-get update', "RUN in this form can't be followed without Docker"],
    ['ADD x /app', 'ADD in this form'],
    ['COPY a b /app/', 'COPY in this form'],
    ['CMD node app.js', 'expected a JSON list of words; the image has no shell'],
  ])('is not followed past %s, but refused', async (line, message) => {
    await using repository = await temporaryDirectory('context');
    const [, last] = parseDockerfile(`FROM a AS build\nFROM b\n${line}\n`);
    if (last === undefined) {
      throw new Error('no stage');
    }
    const follow = async () => {
      runConfigOf(last, {});
      await applyCopies(last, repository.path, {}, repository.path);
    };
    await expect(follow()).rejects.toThrow(`Dockerfile:3: ${message}`);
  });
});
