import type { MetadataSource } from '../../storage/source.ts';
import { MetadataFault } from '../fault.ts';
import { asInteger, asObject, asString, invalid, member } from '../json/guards.ts';
import { LIMITS } from '../limits.ts';
import { checkBytes, type FileLink, ROLE_LINK } from '../link.ts';
import { readFile } from '../run.ts';
import { ClientRefusal } from './refusal.ts';

/** What targets metadata says about an artifact (spec 4.5, TARGETS). */
export interface TargetFile {
  readonly path: string;
  /** Length and digests; artifacts have no version of their own. */
  readonly link: Omit<FileLink, 'version'> & { readonly length: number };
}

/** @throws MetadataFault `InvalidMetadata` */
export function parseTargetFile(path: string, value: unknown): TargetFile {
  const at = `signed.targets[${JSON.stringify(path)}]`;
  const target = asObject(value, at);
  const hashes = Object.entries(asObject(member(target, 'hashes'), `${at}.hashes`));
  if (hashes.length === 0) invalid(`${at}.hashes`, 'at least one digest');
  return {
    path,
    link: {
      length: asInteger(member(target, 'length'), 0, `${at}.length`),
      hashes: new Map(hashes.map(([name, digest]) => [name, asString(digest, `${at}.hashes.${name}`)])),
    },
  };
}

/** Whether `bytes` are the artifact (spec 5.7.2). */
export function targetMatches({ link }: TargetFile, bytes: Uint8Array): boolean {
  try {
    checkBytes(bytes, link, ROLE_LINK);
    return true;
  } catch (error) {
    if (error instanceof MetadataFault) return false;
    throw error;
  }
}

/**
 * Downloads an artifact and checks its length and every digest (spec 5.7.3).
 *
 * @throws ClientRefusal when it is absent or not the one that was signed
 */
export async function fetchTarget(
  source: Pick<MetadataSource, 'get'>,
  target: TargetFile,
  consistentSnapshot: boolean,
): Promise<Uint8Array> {
  try {
    const path = requestPath(target, consistentSnapshot);
    const limit = Math.min(target.link.length, LIMITS.fileBytes);
    const bytes = await readFile(source, path, limit, 'RoleMissing');
    checkBytes(bytes, target.link, ROLE_LINK);
    return bytes;
  } catch (error) {
    throw error instanceof MetadataFault ? new ClientRefusal(target.path, error) : error;
  }
}

/** With consistent snapshots the digest stands before the file name (spec 6.2.2). */
function requestPath({ path, link }: TargetFile, consistentSnapshot: boolean): string {
  if (!consistentSnapshot) return path;
  const [digest] = link.hashes.values();
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}${digest}.${path.slice(slash)}`;
}
