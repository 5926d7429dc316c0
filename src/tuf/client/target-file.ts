import { TerminalError } from '../../errors.ts';
import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../findings/fault.ts';
import { asInteger, asObject, asString, invalidMetadata, ownMember } from '../json/guards.ts';
import { LIMITS } from '../metadata/limits.ts';
import { checkBytes, type FileLink, ROLE_LINK } from '../metadata/link.ts';

/** What targets metadata says about an artifact (spec 4.5, TARGETS). */
export interface TargetFile {
  readonly path: string;
  /** Length and digests; artifacts have no version of their own. */
  readonly link: Omit<FileLink, 'version'> & { readonly length: number };
}

/** How an artifact is asked for. */
export interface FetchOptions {
  /** With consistent snapshots the digest stands before the file name (spec 6.2.2). */
  readonly consistentSnapshot: boolean;
  readonly signal?: AbortSignal;
}

/** @throws MetadataFault `InvalidMetadata` */
export function parseTargetFile(path: string, value: unknown): TargetFile {
  const at = `signed.targets[${JSON.stringify(path)}]`;
  const target = asObject(value, at);
  const hashes = Object.entries(asObject(ownMember(target, 'hashes'), `${at}.hashes`));
  if (hashes.length === 0) {
    invalidMetadata(`${at}.hashes`, 'at least one digest');
  }
  return {
    path,
    link: {
      length: asInteger(ownMember(target, 'length'), 0, `${at}.length`),
      hashes: new Map(hashes.map(([name, digest]) => [name, asString(digest, `${at}.hashes.${name}`)])),
    },
  };
}

/** Whether `bytes` are the artifact: length and every digest (spec 5.7.3). */
export function targetMatches(target: TargetFile, bytes: Uint8Array): boolean {
  return differenceOf(target, bytes) === undefined;
}

/**
 * Downloads an artifact, no more than its length, and checks it (spec 5.7.3). Artifacts are held in memory,
 * which is enough for conformance: at most 64 MiB.
 *
 * @throws {TerminalError} `MetadataRefused` when it is not the one that was signed; `TooLarge`, `NotFound`
 *   and whatever else the source throws
 */
export async function fetchTarget(
  source: Pick<MetadataSource, 'get'>,
  target: TargetFile,
  { consistentSnapshot, signal }: FetchOptions,
): Promise<Uint8Array> {
  const bytes = await source.get(requestPath(target, consistentSnapshot), {
    maxBytes: Math.min(target.link.length, LIMITS.fileBytes),
    ...(signal === undefined ? {} : { signal }),
  });
  const difference = differenceOf(target, bytes);
  if (difference === undefined) {
    return bytes;
  }
  throw new TerminalError(
    'MetadataRefused',
    `${target.path} is not the artifact that was signed: ${difference.message}. Nothing of it was kept. Try another mirror, or tell the owner of the repository.`,
    { cause: difference },
  );
}

function differenceOf({ link }: TargetFile, bytes: Uint8Array): MetadataFault | undefined {
  try {
    checkBytes(bytes, link, ROLE_LINK);
    return undefined;
  } catch (error) {
    if (error instanceof MetadataFault) {
      return error;
    }
    throw error;
  }
}

function requestPath({ path, link }: TargetFile, consistentSnapshot: boolean): string {
  if (!consistentSnapshot) {
    return path;
  }
  const [digest] = link.hashes.values();
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${digest}.${path.slice(slash)}`;
}
