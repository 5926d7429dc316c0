/**
 * The words of the OCI image specification that are used here, and what is accepted of them from elsewhere.
 */
import { z } from 'zod';

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
export const CONFIG = 'application/vnd.oci.image.config.v1+json';
export const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A blob by its content (OCI image specification, descriptor.md). */
const descriptor = z.object({
  mediaType: z.string(),
  digest,
  /** In bytes. */
  size: z.int().nonnegative(),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type Descriptor = z.infer<typeof descriptor>;

/** Manifests, one per platform (image-index.md). Docker's own list has the same fields. */
export const imageIndex = z.object({ manifests: z.array(descriptor) });

/** One image (manifest.md). */
export const imageManifest = z.object({ config: descriptor, layers: z.array(descriptor) });

/** How the image runs (config.md). */
const runConfig = z.preprocess(
  // Docker writes null for what is not set.
  (value) =>
    typeof value === 'object' && value !== null
      ? Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))
      : value,
  z.object({
    User: z.string().optional(),
    Env: z.array(z.string()).readonly().optional(),
    Entrypoint: z.array(z.string()).readonly().optional(),
    Cmd: z.array(z.string()).readonly().optional(),
    WorkingDir: z.string().optional(),
    Labels: z.record(z.string(), z.string()).optional(),
  }),
);
export type RunConfig = z.infer<typeof runConfig>;

/** What made a layer, for `docker history`. */
const historyEntry = z.object({
  created: z.string().optional(),
  created_by: z.string().optional(),
  empty_layer: z.boolean().optional(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** The configuration of an image (config.md). */
export const imageConfig = z.object({
  architecture: z.string(),
  config: runConfig.optional(),
  rootfs: z.object({ diff_ids: z.array(digest) }),
  history: z.array(historyEntry).optional(),
});

/** A layer with the digest of its content before compression, which the image's configuration names. */
export interface Layer {
  readonly blob: Descriptor;
  readonly diffID: string;
}
