import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  S3Client as SDKClient,
} from '@aws-sdk/client-s3';
import { httpProxyFor } from '../../net/agents.ts';
import { DIRECT, type ProxyRule } from '../../net/proxy-rule.ts';
import { asRecord } from '../as-record.ts';
import { ProxiedHandler } from './proxied-handler.ts';
import { DirectGet, type ObjectBody } from './s3-direct-get.ts';
import { installListingReader } from './s3-listing-form.ts';
import { DEFAULT_REGION, type S3Access, type S3Credentials, type S3Limits } from './s3-options.ts';

/**
 * The calls of the S3 API that are used, on one bucket, each exactly one HTTP request. Failures are the SDK's
 * own.
 */
export interface S3Client {
  list(
    input: Omit<ListObjectsV2CommandInput, 'Bucket'>,
    signal: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput>;
  get(key: string, signal: AbortSignal): Promise<ObjectBody>;
  /** GET with If-None-Match; `unchanged` for 304. */
  getIfChanged(key: string, etag: string | undefined, signal: AbortSignal): Promise<ObjectBody | 'unchanged'>;
  /** Closes the sockets; requests under way fail. */
  destroy(): void;
}

/**
 * Makes a client of the AWS SDK for one bucket.
 *
 * Settings that differ from the SDK's own, and why:
 * - one try: a retry must cover the body too, count against the rate limit and be seen by the observer
 *   (retry.ts);
 * - response checksums only where S3 requires them: every byte is verified by hash or signature anyway;
 * - cached middleware stack: about a fifth of the client's CPU per request; DirectGet saves the better part
 *   of the rest;
 * - as many keep-alive sockets as requests in flight.
 */
export async function createS3Client(bucket: string, access: S3Access, limits: S3Limits): Promise<S3Client> {
  const { endpoint, ca, proxy = DIRECT } = access;
  if (endpoint !== undefined) {
    // What is wrong with the proxy of a known host is said before anything is asked.
    httpProxyFor(new URL(endpoint), proxy);
  }
  const region = access.region ?? (access.endpoint === undefined ? undefined : DEFAULT_REGION);
  // The SDK takes a region for a part of host names; at an endpoint of its own it is only signed with.
  const signedOnly = endpoint !== undefined && region !== undefined && !isHostLabel.test(region);
  const client = new SDKClient({
    ...(region === undefined ? {} : { region: signedOnly ? DEFAULT_REGION : region }),
    ...(access.endpoint === undefined ? {} : { endpoint: access.endpoint }),
    forcePathStyle: access.forcePathStyle ?? false,
    credentials: await credentialsFor(access.credentials, proxy),
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    cacheMiddleware: true,
    requestHandler: new ProxiedHandler({
      connectionTimeout: limits.connectTimeoutMs,
      maxSockets: limits.concurrency,
      proxy,
      ca,
      resolve: access.resolve,
    }),
  });
  if (signedOnly) {
    signWith(client, region);
  }
  installListingReader(client, access.endpoint ?? 'AWS S3');
  const direct = new DirectGet(client);
  const get = async (
    key: string,
    etag: string | undefined,
    abortSignal: AbortSignal,
  ): Promise<ObjectBody> => {
    if (direct.ready) {
      return direct.get(key, etag, abortSignal);
    }
    const command = new GetObjectCommand({ Bucket: bucket, Key: key, IfNoneMatch: etag });
    return streamed(await client.send(command, { abortSignal }));
  };

  return {
    list: (input, abortSignal) =>
      client.send(new ListObjectsV2Command({ ...input, Bucket: bucket }), { abortSignal }),
    get: (key, abortSignal) => get(key, undefined, abortSignal),
    async getIfChanged(key, etag, abortSignal) {
      try {
        return await get(key, etag, abortSignal);
      } catch (error) {
        if (isNotModified(error)) {
          return 'unchanged';
        }
        throw error;
      }
    },
    destroy: () => client.destroy(),
  };
}

const isHostLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

/** Has requests signed for a region that the SDK itself would not accept. */
function signWith({ config }: SDKClient, signingRegion: string): void {
  const signerFor = config.signer;
  config.signer = async (scheme) => {
    const signer = await signerFor(scheme);
    return { sign: (request, options) => signer.sign(request, { ...options, signingRegion }) };
  };
}

/** The SDK throws a 304 as it throws a refusal. */
function isNotModified(error: unknown): boolean {
  const { $metadata } = asRecord(error);
  return asRecord($metadata)['httpStatusCode'] === 304;
}

/** Under Node a body is always a stream; the SDK's type also names what browsers get. */
function streamed({ Body, ContentLength, LastModified, ETag }: GetObjectCommandOutput): ObjectBody {
  if (!(Body instanceof Readable)) {
    throw new TypeError('the S3 client returned a body that is no stream');
  }
  return { body: Body, length: ContentLength, lastModified: LastModified, etag: ETag };
}

async function credentialsFor(credentials: S3Credentials, proxy: ProxyRule) {
  if (credentials.kind === 'ambient') {
    const { ambientCredentials } = await import('./ambient-credentials.ts');
    return ambientCredentials(proxy);
  }
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}
