import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BillOfMaterials, sbom } from '../build/sbom.ts';
import type { Base } from './base.ts';
import { BlobStore } from './blob-store.ts';
import { brokenPromises, readImage } from './check-image.ts';
import { debianBase } from './debian-base.ts';
import { directoryEntries } from './directory-entries.ts';
import { givenBase } from './given-base.ts';
import { runConfigOf } from './image-recipe.ts';
import { storeImage, writeLayout } from './oci-layout.ts';
import type { Architecture } from './platform.ts';
import type { Stages } from './program-files.ts';

/** What {@link buildImage} needs to know. */
export interface ImageOptions {
  /** The Dockerfile. */
  readonly stages: Stages;
  /** Directory with what it puts onto its base, laid out as in the image: what buildProgramFiles writes. */
  readonly files: string;
  readonly architectures: readonly Architecture[];
  /** Full reference with registry and tag, under which the image is loaded. */
  readonly name: string;
  /** The archive to write; the bills of materials lie beside it. */
  readonly output: string;
  /** File or directory of a base image; undefined: made from Debian packages. */
  readonly base: string | undefined;
  /** URL of a Debian mirror. */
  readonly mirror: string;
  /** Of the base that is made here, without the `v`. */
  readonly nodeVersion: string;
  /** Seconds since 1970: every time in the image. */
  readonly mtime: number;
  /** Called with what is done next. */
  readonly progress?: (step: string) => void;
}

/** What was built. */
export interface BuiltImage {
  /** Of the manifest, or of the index of several. */
  readonly digest: string;
  readonly platforms: readonly {
    readonly architecture: Architecture;
    /** Of its layers, compressed, in bytes. */
    readonly size: number;
    /** The file with its bill of materials. */
    readonly sbom: string;
  }[];
}

/**
 * Builds the image that the Dockerfile describes, without Docker. The same files, base and time give the same
 * bytes.
 *
 * @throws Error with what to do when the base can't be made, the Dockerfile says something that is not
 *   understood here, or the image breaks what it promises
 */
export async function buildImage(options: ImageOptions): Promise<BuiltImage> {
  const work = await mkdtemp(join(tmpdir(), 'tuf-recovery-image-'));
  try {
    return await buildIn(work, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildIn(work: string, options: ImageOptions): Promise<BuiltImage> {
  const { stages, files, architectures, output, mtime } = options;
  // The bundler's own list, see scripts/build/sbom.ts.
  const bundle: BillOfMaterials = JSON.parse(await readFile(join(files, 'app/sbom.cdx.json'), 'utf8'));

  await mkdir(join(work, 'blobs'));
  await mkdir(dirname(output), { recursive: true });
  const store = new BlobStore(join(work, 'blobs'));
  const program = await store.layer(await directoryEntries(files), mtime);
  const manifests = [];
  const platforms = [];
  for (const architecture of architectures) {
    options.progress?.(`base image for linux/${architecture}`);
    const base = await baseFor(architecture, store, join(work, architecture), options);
    const layers = [...base.layers, program];
    const config = runConfigOf(stages.last, base.config);
    const history = [...base.history, { created_by: 'Dockerfile' }];
    manifests.push(await storeImage(store, { architecture, layers, config, history }, mtime));
    const bill = `${output.replace(/(\.oci)?\.tar$/, '')}.${architecture}.cdx.json`;
    await writeFile(bill, `${JSON.stringify(sbomOfImage(bundle, base, options.name), null, 1)}\n`);
    const size = layers.reduce((sum, { blob }) => sum + blob.size, 0);
    platforms.push({ architecture, size, sbom: bill });
  }
  options.progress?.('archive');
  const { digest } = await writeLayout(store, manifests, options.name, output, mtime);
  options.progress?.('what the image promises');
  for (const architecture of architectures) {
    const broken = brokenPromises(await readImage(output, architecture));
    if (broken.length > 0) {
      throw new Error(
        `${output} (linux/${architecture}) breaks what the image promises: ${broken.join('; ')}.`,
      );
    }
  }
  return { digest, platforms };
}

async function baseFor(
  architecture: Architecture,
  store: BlobStore,
  directory: string,
  { base, mirror, nodeVersion, mtime }: ImageOptions,
): Promise<Base> {
  if (base !== undefined) {
    return await givenBase(store, base, architecture);
  }
  await mkdir(directory);
  return await debianBase(store, { architecture, mirror, nodeVersion, directory, mtime });
}

/** The bill of the whole image: that of the bundle, and the packages of the base. */
function sbomOfImage(bundle: BillOfMaterials, base: Base, name: string): BillOfMaterials {
  const [, repository = name, version = ''] = /^(.+):([^:/]+)$/.exec(name) ?? [];
  const program = bundle.metadata.component;
  return sbom(
    { type: 'container', 'bom-ref': name, name: repository, version },
    [program, ...bundle.components, ...base.components],
    [
      { ref: name, dependsOn: [program, ...base.components].map((each) => each['bom-ref']) },
      ...bundle.dependencies,
    ],
  );
}
