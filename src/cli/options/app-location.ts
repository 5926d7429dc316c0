import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TerminalError } from '../../errors.ts';
import type { App } from '../../faynosync/app.ts';
import { DEFAULT_PREFIX, metadataPrefix } from '../../faynosync/layout.ts';
import { type Location, parseLocation } from '../../storage/location.ts';

/**
 * Finds the repository of one app in what a person names as the storage. That is either the repository
 * itself, as `verify` takes it, or the installation's storage, in which the server keeps the app at
 * `tuf_metadata/<admin>/<app>/`:
 *
 * - `s3://bucket` and a directory with that folder in it are the installation's storage;
 * - a prefix or directory whose last name is `tuf_metadata` holds `<admin>/<app>/`;
 * - everything else is the repository itself.
 *
 * @param storage what the flag says; absent: the bucket of the environment
 * @throws {TerminalError} `InvalidInput`
 */
export async function appLocation(
  storage: string | undefined,
  bucket: string | undefined,
  app: App,
): Promise<Location> {
  if (storage === undefined && bucket === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'Nothing says where the metadata is. Give --storage s3://bucket or a directory, or set S3_BUCKET_NAME.',
    );
  }
  const location = parseLocation(storage ?? `s3://${bucket}`);
  return location.kind === 's3' ? inBucket(location, app) : inDirectory(location, app);
}

type In<Kind extends Location['kind']> = Extract<Location, { kind: Kind }>;

function inBucket(location: In<'s3'>, app: App): Location {
  if (location.prefix === '') {
    return { ...location, prefix: metadataPrefix(app) };
  }
  if (!new RegExp(`(^|/)${DEFAULT_PREFIX}/$`).test(location.prefix)) {
    return location;
  }
  return { ...location, prefix: metadataPrefix(app, location.prefix.slice(0, -1)) };
}

async function inDirectory(location: In<'directory'>, app: App): Promise<Location> {
  const installation = join(location.path, metadataPrefix(app));
  if (await isDirectory(installation)) {
    return { kind: 'directory', path: installation };
  }
  if (!location.path.replace(/[/\\]+$/, '').endsWith(DEFAULT_PREFIX)) {
    return location;
  }
  return { kind: 'directory', path: join(location.path, app.adminName, app.appName) };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Whatever the reason, the path that was named is tried next and says what is wrong with it.
    return false;
  }
}
