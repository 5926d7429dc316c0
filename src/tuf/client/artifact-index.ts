import type { OpenedFile } from '../metadata/envelope.ts';
import { parseTargets, type Targets } from '../metadata/targets.ts';
import { parseTargetFile, type TargetFile } from './target-file.ts';

/** Targets metadata together with its artifacts, which verifying a repository at rest does not need. */
export interface ArtifactIndex {
  readonly metadata: Targets;
  /**
   * What this role says about an artifact; undefined when nothing. @throws MetadataFault `InvalidMetadata`
   */
  artifact(path: string): TargetFile | undefined;
}

/** Artifacts are parsed when they are asked for. @throws MetadataFault */
export function readArtifactIndex(file: OpenedFile): ArtifactIndex {
  const metadata = parseTargets(file);
  // parseTargets made sure that `targets` is an object.
  const artifacts = new Map(Object.entries(file.member('targets') ?? {}));
  return {
    metadata,
    artifact: (path) => (artifacts.has(path) ? parseTargetFile(path, artifacts.get(path)) : undefined),
  };
}
