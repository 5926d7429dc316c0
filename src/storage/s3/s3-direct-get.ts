import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { asRecord } from '../as-record.ts';
import { readObjectBody } from '../body.ts';
import { lastModifiedIn } from '../last-modified.ts';

/**
 * Where GetObject requests go, as the SDK itself worked it out: endpoint, region and bucket style included.
 */
interface Origin {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: number | undefined;
  /** `/bucket/` or `/`. */
  readonly basePath: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An object's body, not read yet. */
export interface ObjectBody {
  readonly body: Readable;
  /** Content-Length, when the server sent one. */
  readonly length: number | undefined;
  /** Last-Modified, when the server sent one that can be read. */
  readonly lastModified: Date | undefined;
  /** ETag, when the server sent one. */
  readonly etag: string | undefined;
}

/** An error document of S3 is a few hundred bytes. */
const maxErrorBytes = 65_536;

/**
 * GetObject without the SDK's middleware. Of the 1.2 ms of CPU that the SDK spends on a small object, signing
 * and HTTP are 0.4; the rest is generality that reading ten thousand files of one bucket doesn't need.
 *
 * Nothing is guessed: the first object must be read through the SDK, and its request is the model for all
 * others. They are signed by the SDK's signer, with credentials that it renews, and sent by its HTTP handler.
 */
export class DirectGet {
  readonly #client: S3Client;
  #signer: ReturnType<S3Client['config']['signer']> | undefined;
  #origin: Origin | undefined;

  constructor(client: S3Client) {
    this.#client = client;
    this.#learnFrom(client);
  }

  /** Whether a request through the SDK has shown the way. */
  get ready(): boolean {
    return this.#origin !== undefined;
  }

  /**
   * @param ifNoneMatch an ETag: the object is sent only if it has another one
   * @throws the error the SDK would throw, as far as it is read: name, status, headers; for 304, too
   */
  async get(key: string, ifNoneMatch: string | undefined, abortSignal: AbortSignal): Promise<ObjectBody> {
    const origin = this.#origin;
    if (origin === undefined) {
      throw new TypeError('No request through the SDK has shown where objects are.');
    }
    const { config } = this.#client;
    this.#signer ??= config.signer();
    const signed = await (await this.#signer).sign(
      {
        method: 'GET',
        protocol: origin.protocol,
        hostname: origin.hostname,
        ...(origin.port !== undefined && { port: origin.port }),
        path: origin.basePath + encodeKey(key),
        query: {},
        headers: { ...origin.headers, ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) },
      },
      { signingDate: new Date(Date.now() + config.systemClockOffset) },
    );
    const { response } = await config.requestHandler.handle(signed, { abortSignal });
    const { statusCode, headers, body } = response;
    // The handler for Node hands out the IncomingMessage itself.
    if (!(body instanceof Readable)) {
      throw new TypeError('the HTTP handler returned a body that is no stream');
    }
    // Some gateways answer 206 with all of the bytes; the SDK takes every 2xx, and so do we: digests decide.
    if (statusCode < 200 || statusCode >= 300) {
      throw await serviceError(statusCode, headers, body);
    }
    const length = headers['content-length'];
    return {
      body,
      length: length === undefined ? undefined : Number(length),
      lastModified: lastModifiedIn(headers['last-modified']),
      etag: headers['etag'],
    };
  }

  /** Watches the SDK's own GetObject requests, once they are complete and before they are signed. */
  #learnFrom(client: S3Client): void {
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context['commandName'] === 'GetObjectCommand') {
          this.#origin ??= originOf(args.request, args.input);
        }
        return next(args);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'learnOrigin' },
    );
  }
}

/**
 * Directory buckets (`--x-s3`) and ARNs are signed in other ways; for them every request goes through the
 * SDK.
 */
const ordinaryBucket = /^(?!.*--x-s3$)[a-z0-9][a-z0-9._-]+$/i;

/** The part of a request that is the same for every object; undefined when it has a form we don't know. */
function originOf(request: unknown, input: unknown): Origin | undefined {
  const { protocol, hostname, port, path, headers } = asRecord(request);
  const { Bucket: bucket, Key: key } = asRecord(input);
  if (typeof bucket !== 'string' || !ordinaryBucket.test(bucket)) {
    return undefined;
  }
  if (typeof key !== 'string' || typeof protocol !== 'string' || typeof hostname !== 'string') {
    return undefined;
  }
  if (typeof path !== 'string' || !path.endsWith(`/${encodeKey(key)}`)) {
    return undefined;
  }
  const { host, 'user-agent': userAgent } = asRecord(headers);
  if (typeof host !== 'string') {
    return undefined;
  }
  return {
    protocol,
    hostname,
    port: typeof port === 'number' ? port : undefined,
    basePath: path.slice(0, path.length - encodeKey(key).length),
    headers: { host, ...(typeof userAgent === 'string' && { 'user-agent': userAgent }) },
  };
}

/** Percent-encodes a key as S3 signs it: everything but unreserved characters and `/`. */
function encodeKey(key: string): string {
  return encodeURIComponent(key)
    .replace(/[!'()*]/g, percentEncode)
    .replaceAll('%2F', '/');
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The store's refusal in the shape in which the SDK throws it. */
async function serviceError(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Readable,
): Promise<Error> {
  const document = Buffer.from(
    await readObjectBody(body, { name: 'an error document', maxBytes: maxErrorBytes, onBytes: () => {} }),
  );
  const text = document.toString('utf8');
  const element = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return Object.assign(new Error(element('Message') ?? `HTTP ${status}`), {
    name: element('Code') ?? 'UnknownError',
    Region: element('Region'),
    $metadata: { httpStatusCode: status },
    $response: { headers },
  });
}
