import { type Command, InvalidArgumentError } from 'commander';
import { TerminalError } from '../../errors.ts';
import type { S3Access, S3Credentials, S3Limits } from '../../storage/s3/s3-options.ts';
import type { Environment } from './env.ts';
import { flagBounds } from './flag-bounds.ts';
import { parseBoolean, parseInteger } from './flag-values.ts';
import { readInputText } from './input-file.ts';

/** The values of the flags that {@link addStorageOptions} adds. */
export interface StorageFlags {
  readonly s3Endpoint?: string;
  readonly s3Region?: string;
  readonly s3ForcePathStyle?: boolean;
  readonly s3Ca?: string;
  readonly s3RequestsPerSecond?: number;
  readonly s3Concurrency?: number;
}

/**
 * Adds the flags that say how S3 is reached. Keys come from the environment only: other users can see flags.
 */
export function addStorageOptions(command: Command): Command {
  return command
    .option('--s3-endpoint <url>', 'URL of an S3-compatible API (S3_ENDPOINT); none for AWS', endpointURL)
    .option('--s3-region <region>', 'region of the bucket (S3_REGION)')
    .option(
      '--s3-force-path-style [boolean]',
      'endpoint/bucket/key instead of bucket.endpoint/key (S3_FORCE_PATH_STYLE; default: true with an endpoint)',
      parseBoolean,
    )
    .option('--s3-ca <file>', "PEM file with the authority of the endpoint's certificate (S3_CA_FILE)")
    .option(
      '--s3-requests-per-second <n>',
      'ask the store no faster (default: 1000)',
      parseInteger(...flagBounds.requestsPerSecond),
    )
    .option(
      '--s3-concurrency <n>',
      'most requests under way at once (default: 64)',
      parseInteger(...flagBounds.concurrency),
    );
}

/** The limits that were given. */
export function storageLimits(flags: StorageFlags): Partial<S3Limits> {
  return {
    ...(flags.s3RequestsPerSecond === undefined ? {} : { requestsPerSecond: flags.s3RequestsPerSecond }),
    ...(flags.s3Concurrency === undefined ? {} : { concurrency: flags.s3Concurrency }),
  };
}

/**
 * How S3 is reached: flags first, then the environment.
 *
 * @throws {TerminalError} `InvalidInput`
 */
export async function readS3Access(
  flags: StorageFlags,
  { s3: env, proxy }: Pick<Environment, 's3' | 'proxy'>,
): Promise<S3Access> {
  const endpoint = flags.s3Endpoint ?? env.endpoint;
  const region = flags.s3Region ?? env.region;
  const caFile = flags.s3Ca ?? env.caFile;
  if (env.driver === 'gcp' && flags.s3Endpoint === undefined) {
    throw new TerminalError(
      'InvalidInput',
      'STORAGE_DRIVER=gcp: Google Cloud Storage is read through its S3-compatible API. Create HMAC keys for a service ' +
        'account, set S3_ACCESS_KEY and S3_SECRET_KEY to them, and add --s3-endpoint https://storage.googleapis.com.',
    );
  }
  return {
    credentials: credentials(env),
    proxy,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    // Every S3-compatible server understands path style; few have a DNS name per bucket.
    forcePathStyle: flags.s3ForcePathStyle ?? env.forcePathStyle ?? endpoint !== undefined,
    ...(caFile === undefined ? {} : { ca: await readInputText(caFile, '--s3-ca') }),
  };
}

function credentials({ accessKeyId, secretAccessKey }: Environment['s3']): S3Credentials {
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    return { kind: 'ambient' };
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new TerminalError(
      'InvalidInput',
      `${accessKeyId === undefined ? 'S3_SECRET_KEY is set but S3_ACCESS_KEY' : 'S3_ACCESS_KEY is set but S3_SECRET_KEY'} is not. ` +
        'Set both, or none to use the ambient AWS credentials.',
    );
  }
  return { kind: 'static', accessKeyId, secretAccessKey };
}

function endpointURL(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    return text;
  }
  throw new InvalidArgumentError(
    'Give a URL such as https://minio.example.com:9000, without user and password.',
  );
}
