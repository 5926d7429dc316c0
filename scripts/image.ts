/**
 * `npm run image`: the image as an OCI layout, without Docker and byte for byte the same every time, from the one Dockerfile.
 * Its build stage is repeated here; its last stage is read. The base is a stand-in made of Debian packages and the
 * binary that Node.js releases.
 *
 *   --output FILE      where to write it; default out/tuf-recovery-operator.oci.tar
 *   --name REFERENCE   what it is called once loaded; default: the image of the chart
 *   --platform LIST    linux/amd64, linux/arm64 or both; default: this machine's
 *   --mirror URL       a Debian mirror; default http://deb.debian.org/debian
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import packageJSON from '../package.json' with { type: 'json' };
import { BlobStore } from './image/blob-store.ts';
import { replayBuildStage } from './image/build-stage.ts';
import { debianBase, debianBaseConfig, packageNames, suite } from './image/debian-base.ts';
import { debianPackages } from './image/debian-packages.ts';
import { directoryEntries } from './image/directory-entries.ts';
import { parseDockerfile } from './image/dockerfile.ts';
import { applyCopies, readRecipe, workdirOf } from './image/image-recipe.ts';
import { nodeBinary } from './image/node-binary.ts';
import { storeImage, writeLayout } from './image/oci-layout.ts';
import { hostArchitecture, parsePlatforms } from './image/platform.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    output: { type: 'string', default: 'out/tuf-recovery-operator.oci.tar' },
    name: {
      type: 'string',
      default: `ghcr.io/tuf-recovery-operator/tuf-recovery-operator:${packageJSON.version}`,
    },
    platform: { type: 'string' },
    mirror: { type: 'string', default: 'http://deb.debian.org/debian' },
  },
});
const platforms = values.platform === undefined ? [hostArchitecture()] : parsePlatforms(values.platform);
const output = resolve(values.output);
/** Every time in the image, in seconds; see https://reproducible-builds.org/specs/source-date-epoch/. */
const mtime = Number(process.env['SOURCE_DATE_EPOCH'] ?? 0);

const work = await mkdtemp(join(tmpdir(), 'tuf-recovery-image-'));
try {
  const stages = parseDockerfile(await readFile(join(root, 'Dockerfile'), 'utf8'));
  const built: Record<string, { workdir: string; directory: string }> = {};
  for (const stage of stages.slice(0, -1)) {
    const directory = join(work, `stage-${stage.name}`);
    await mkdir(directory);
    await replayBuildStage(stage, root, directory);
    built[stage.name ?? ''] = { workdir: workdirOf(stage), directory };
  }
  const last = stages.at(-1);
  if (last === undefined) {
    throw new Error('The Dockerfile has no stage.');
  }
  const recipe = readRecipe(last, debianBaseConfig);
  const files = join(work, 'files');
  await applyCopies(recipe, root, built, files);

  await mkdir(join(work, 'blobs'));
  const store = new BlobStore(join(work, 'blobs'));
  const program = await store.layer(await directoryEntries(files), mtime);
  const manifests = [];
  for (const architecture of platforms) {
    const directory = join(work, architecture);
    await mkdir(directory);
    const packages = await debianPackages(packageNames, {
      ...{ suite, mirror: values.mirror, architecture, directory },
    });
    const node = await nodeBinary(architecture, packageJSON.devDependencies.node);
    const base = await store.layer(debianBase(packages, node), mtime);
    const history = [
      `Debian ${suite}: ${packages.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
      'Dockerfile',
    ];
    manifests.push(
      await storeImage(
        store,
        { architecture, layers: [base, program], config: recipe.config, history },
        mtime,
      ),
    );
    console.log(
      `linux/${architecture}: ${((base.blob.size + program.blob.size) / 1e6).toFixed(1)} MB compressed`,
    );
  }
  await mkdir(dirname(output), { recursive: true });
  const { digest } = await writeLayout(store, manifests, values.name, output, mtime);
  console.log(`${values.name}@${digest}\n${output}`);
} finally {
  await rm(work, { recursive: true, force: true });
}
