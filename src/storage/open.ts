import { TerminalError } from '../errors.ts';
import { DirectorySource } from './directory.ts';
import type { Location } from './location.ts';
import { S3Bucket } from './s3/s3-bucket.ts';
import type { S3Access, S3Limits, S3Observer } from './s3/s3-options.ts';
import type { MetadataSource } from './source.ts';

/** A source with the connections behind it. */
export interface OpenSource {
  readonly source: MetadataSource;
  /** Closes the connections; idempotent. */
  close(): void;
}

/** What opening a location may need besides the location. */
export interface OpenOptions {
  /** How S3 is reached; needed for `s3://` only. */
  readonly s3?: S3Access | undefined;
  readonly limits?: Partial<S3Limits> | undefined;
  readonly observer?: S3Observer | undefined;
}

/**
 * Opens a location for reading. Nothing is read yet: a wrong path or wrong credentials show on the first
 * call.
 *
 * @throws {TerminalError} `InvalidInput` when the location is in S3 and nothing says how to reach it
 */
export async function openLocation(location: Location, options: OpenOptions): Promise<OpenSource> {
  if (location.kind === 'directory') {
    return { source: new DirectorySource(location.path), close: () => {} };
  }
  if (options.s3 === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `Nothing says how to reach s3://${location.bucket}. Give credentials.`,
    );
  }
  const bucket = await S3Bucket.open({
    bucket: location.bucket,
    access: options.s3,
    limits: options.limits,
    observer: options.observer,
  });
  return { source: bucket.source(location.prefix), close: () => bucket.destroy() };
}
