import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { TerminalError } from '../../errors.ts';
import type { ListedObject } from '../source.ts';
import type { S3Requests } from './s3-requests.ts';

/** A key has at most 1,024 bytes, three characters each when percent-encoded. */
const MAX_ENCODED_KEY = 3 * 1024;

/** One page of a listing; names are relative to the prefix. */
export interface S3Page {
  readonly objects: readonly ListedObject[];
  /** With a delimiter: what lies one level below, without the slash. */
  readonly folders: readonly string[];
}

/**
 * The pages of a listing, one request each; S3 gives the next page's token with the page. The one place that
 * reads what a server lists, so that every listing refuses what is no S3 API.
 *
 * @param delimiter `/` lists one level; left out: everything below the prefix
 * @throws {TransientError} `Throttled`, `StorageUnreachable`
 * @throws {TerminalError} `AccessDenied`, `NotFound`, `InvalidSource`
 */
export async function* listPages(
  bucket: S3Requests,
  prefix: string,
  delimiter: '/' | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<S3Page> {
  const location = `s3://${bucket.name}/${prefix}`;
  let token: string | undefined;
  do {
    const output = await bucket.request(
      'ListObjectsV2',
      location,
      (client, watchdog) =>
        client.list(
          {
            Prefix: prefix,
            // XML 1.0 can't carry control characters; with this encoding a key can hold any.
            EncodingType: 'url',
            ...(delimiter !== undefined && { Delimiter: delimiter }),
            ...(token !== undefined && { ContinuationToken: token }),
          },
          watchdog.signal,
        ),
      signal,
    );
    yield readPage(output, location, prefix);
    const next = output.IsTruncated ? output.NextContinuationToken : undefined;
    // A server that repeats its token would keep us here for ever.
    if (next !== undefined && next === token) {
      throw notS3(location, 'repeats its continuation token');
    }
    token = next;
  } while (token !== undefined);
}

function readPage(output: ListObjectsV2CommandOutput, location: string, prefix: string): S3Page {
  // Any XML or HTML parses into an empty page. Every S3 sends IsTruncated, and "no objects" must not be an
  // accident.
  if (output.IsTruncated === undefined) {
    throw notS3(location, 'sent no listing');
  }
  if (output.IsTruncated && !output.NextContinuationToken) {
    throw notS3(location, 'cut its listing short');
  }
  // Not every server honours the encoding we asked for; the ones that do say so.
  const decode = output.EncodingType === 'url' ? (key: string) => decodeKey(key, location) : String;
  const relative = (encoded: string): string => {
    if (encoded.length > MAX_ENCODED_KEY) {
      throw notS3(location, 'listed a key longer than S3 keys are');
    }
    const key = decode(encoded);
    if (!key.startsWith(prefix)) {
      throw notS3(location, 'listed an object outside the prefix');
    }
    return key.slice(prefix.length);
  };
  const objects: ListedObject[] = [];
  for (const { Key, Size, LastModified } of output.Contents ?? []) {
    if (Key === undefined || Size === undefined || LastModified === undefined) {
      throw notS3(location, 'listed an object without key, size or date');
    }
    const name = relative(Key);
    // The prefix itself is a folder marker that consoles create, not a file of the repository.
    if (name !== '') {
      objects.push({ name, size: Size, lastModified: LastModified });
    }
  }
  const folders = (output.CommonPrefixes ?? []).flatMap(({ Prefix }) =>
    Prefix === undefined ? [] : [relative(Prefix).replace(/\/$/, '')],
  );
  return { objects, folders };
}

/** `encoding-type=url` is form encoding: a space comes as `+`. */
function decodeKey(key: string, location: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (error) {
    throw notS3(location, 'listed a key that is not encoded as it says', error);
  }
}

function notS3(location: string, what: string, cause?: unknown): TerminalError {
  return new TerminalError(
    'InvalidSource',
    `The server behind ${location} ${what}, so it is no S3 API or a broken one. Check the endpoint.`,
    { cause },
  );
}
