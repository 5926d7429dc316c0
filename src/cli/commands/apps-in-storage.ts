import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { discoverApps } from '../../controllers/recoverytarget/discover.ts';
import { RecoveryError, systemErrorCode } from '../../errors.ts';
import { DEFAULT_PREFIX, isPersistedRoot, MAX_ADMIN_SEGMENTS } from '../../faynosync/layout.ts';
import { type Location, parseLocation } from '../../storage/location.ts';
import { S3Bucket } from '../../storage/s3/s3-bucket.ts';
import type { S3Access } from '../../storage/s3/s3-options.ts';
import type { AppName } from '../kubectl/app-name.ts';

/** The message of a run has been shown already: what comes after it must not keep a person waiting. */
const timeoutMs = 5_000;
/** Folders that are looked into, and apps that are named. */
const mostFolders = 1_000;
const mostApps = 100;
/** Folders from an app up to all admins. */
const mostLevels = MAX_ADMIN_SEGMENTS + 1;

/**
 * The apps of the installation that `storage` names, in no order; undefined when it names one repository, or
 * its apps can't be listed in time.
 *
 * @param storage what the flag says; absent: the bucket of the environment
 */
export async function appsInStorage(
  storage: string | undefined,
  bucket: string | undefined,
  s3: S3Access | undefined,
  signal: AbortSignal,
): Promise<readonly AppName[] | undefined> {
  const location = parseLocation(storage ?? `s3://${bucket}`);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  try {
    return location.kind === 'directory'
      ? await appsBelow(location.path, limited)
      : s3 && (await appsInBucket(location, s3, limited));
  } catch (error) {
    // The person did not ask for this list, so a failure to make it is no answer.
    if (error instanceof RecoveryError || systemErrorCode(error) !== undefined || limited.aborted) {
      return undefined;
    }
    throw error;
  }
}

async function appsInBucket(
  { bucket, prefix }: Extract<Location, { kind: 's3' }>,
  access: S3Access,
  signal: AbortSignal,
): Promise<readonly AppName[] | undefined> {
  const folder = prefix === '' ? DEFAULT_PREFIX : prefix.slice(0, -1);
  if (!new RegExp(`(^|/)${DEFAULT_PREFIX}$`).test(folder)) {
    return undefined;
  }
  const opened = await S3Bucket.open({ bucket, access });
  try {
    return await discoverApps(opened, folder, signal);
  } finally {
    opened.destroy();
  }
}

async function appsBelow(path: string, signal: AbortSignal): Promise<readonly AppName[] | undefined> {
  const isFolder = path.replace(/[/\\]+$/, '').endsWith(DEFAULT_PREFIX);
  const found: AppName[] = [];
  const open = [{ path: isFolder ? path : join(path, DEFAULT_PREFIX), names: [] as readonly string[] }];
  for (let looked = 0; looked < mostFolders && found.length < mostApps; looked += 1) {
    const folder = open.shift();
    if (folder === undefined) {
      break;
    }
    signal.throwIfAborted();
    let isApp = false;
    for await (const entry of await opendir(folder.path)) {
      if (entry.isDirectory() && folder.names.length < mostLevels) {
        open.push({ path: join(folder.path, entry.name), names: [...folder.names, entry.name] });
      }
      isApp ||= entry.isFile() && isPersistedRoot(entry.name);
    }
    if (isApp && folder.names.length > 1) {
      const [appName = '', ...admin] = folder.names.toReversed();
      found.push({ adminName: admin.toReversed().join('/'), appName });
    }
  }
  return found;
}
