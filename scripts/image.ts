/**
 * `npm run image`: the image as an OCI layout, without Docker and byte for byte the same every time, from the
 * one Dockerfile, with its bill of materials beside it. The Dockerfile's build stage is repeated here; its
 * last stage is read. Its base is a stand-in made from Debian packages and the binary that Node.js releases,
 * or the one given. `--help` lists its flags.
 *
 * SOURCE_DATE_EPOCH, in seconds, is the time of everything in it; default 0.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import packageJSON from '../package.json' with { type: 'json' };
import { readFlags } from './flags.ts';
import { buildImage } from './image/build-image.ts';
import { hostArchitecture, parsePlatforms } from './image/platform.ts';
import { buildProgramFiles, readDockerfile } from './image/program-files.ts';
import { MIRROR } from './setup/own-apt.mjs';
import { createProgress } from './setup/progress.mjs';

const values = readFlags(
  {
    output: { type: 'string', default: 'out/tuf-recovery-operator.oci.tar' },
    name: {
      type: 'string',
      default: `ghcr.io/tuf-recovery-operator/tuf-recovery-operator:${packageJSON.version}`,
    },
    platform: { type: 'string' },
    base: { type: 'string' },
    mirror: { type: 'string', default: MIRROR },
  },
  `npm run image [-- FLAGS]

  --output FILE      where to write it; default out/tuf-recovery-operator.oci.tar
  --name REFERENCE   what it is called once loaded; default: the image of the chart
  --platform LIST    linux/amd64, linux/arm64 or both; default: this machine's
  --base PATH        a base image: an OCI layout, as docker save writes it, or an archive of files
  --mirror URL       a Debian mirror; default: Debian's own`,
);

const repository = resolve(import.meta.dirname, '..');
const work = await mkdtemp(join(tmpdir(), 'tuf-recovery-program-'));
const step = createProgress(process.stderr).start('image', 'program');
try {
  const output = resolve(values.output);
  const stages = await readDockerfile(repository);
  const files = join(work, 'files');
  await buildProgramFiles(stages, repository, work, files);
  const { digest, platforms } = await buildImage({
    stages,
    files,
    architectures: values.platform === undefined ? [hostArchitecture()] : parsePlatforms(values.platform),
    name: values.name,
    output,
    base: values.base === undefined ? undefined : resolve(values.base),
    mirror: values.mirror.replace(/\/$/, ''),
    nodeVersion: packageJSON.devDependencies.node,
    mtime: Number(process.env['SOURCE_DATE_EPOCH'] ?? 0),
    progress: (text) => step.note(text),
  });
  step.done(values.output);
  for (const { architecture, size, sbom } of platforms) {
    console.log(`linux/${architecture}: ${(size / 1e6).toFixed(1)} MB compressed, bill of materials ${sbom}`);
  }
  console.log(`${values.name}@${digest}`);
} catch (error) {
  step.failed();
  console.error(`image: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
