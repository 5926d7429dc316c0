import type { ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import { TerminalError } from '../../errors.ts';
import type { ListedObject } from '../source.ts';
import type { S3Requests } from './s3-requests.ts';

/** A key has at most 1,024 bytes, three characters each when percent-encoded. */
const MAX_ENCODED_KEY = 3 * 1024;
/** Keys on a full page, unless the store says another number. */
const PAGE_KEYS = 1_000;
/**
 * A store may send pages without keys, for example where it passes over deleted objects: 1,000 for each page.
 * Not for ever: so many take twenty seconds at the pace of pages.
 */
const MAX_EMPTY_PAGES = 200;

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
  const tokens = new TokenSequence();
  let empty = 0;
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
    const page = readPage(output, location, prefix);
    yield page;
    token = nextToken(output, location);
    if (token !== undefined && tokens.repeats(token)) {
      throw notS3(location, 'repeats its continuation tokens');
    }
    empty = page.objects.length + page.folders.length > 0 ? 0 : empty + 1;
    if (empty >= MAX_EMPTY_PAGES) {
      throw notS3(location, `sent ${MAX_EMPTY_PAGES} empty pages in a row`);
    }
    if (token !== undefined) {
      await bucket.nextPage(signal);
    }
  } while (token !== undefined);
}

/**
 * The names of what lies one level below a prefix and has a level below itself. `.` and `..` are left out:
 * some S3 servers resolve them in keys, and listing them would leave the prefix.
 *
 * @param prefix with a slash at the end
 * @throws what {@link listPages} throws
 */
export async function* listFolders(
  bucket: S3Requests,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for await (const { folders } of listPages(bucket, prefix, '/', signal)) {
    yield* folders.filter((name) => name !== '.' && name !== '..');
  }
}

/** Finds a cycle of any length in a sequence of tokens while it keeps one of them (Brent's algorithm). */
class TokenSequence {
  #kept: string | undefined;
  #sinceKept = 0;
  #until = 1;

  repeats(token: string): boolean {
    if (token === this.#kept) {
      return true;
    }
    this.#sinceKept += 1;
    if (this.#sinceKept === this.#until) {
      this.#kept = token;
      this.#sinceKept = 0;
      this.#until *= 2;
    }
    return false;
  }
}

/** The token of the next page; undefined after the last one. */
function nextToken(
  {
    IsTruncated,
    NextContinuationToken,
    Contents = [],
    CommonPrefixes = [],
    MaxKeys,
  }: ListObjectsV2CommandOutput,
  location: string,
): string | undefined {
  if (IsTruncated === false) {
    return undefined;
  }
  const next = NextContinuationToken || undefined;
  // Some stores leave IsTruncated out; without a token, a page that is not full is then the last one.
  const mayGoOn = IsTruncated === true || Contents.length + CommonPrefixes.length >= (MaxKeys || PAGE_KEYS);
  if (next === undefined && mayGoOn) {
    throw notS3(location, 'cut its listing short');
  }
  return next;
}

function readPage(output: ListObjectsV2CommandOutput, location: string, prefix: string): S3Page {
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
    if (Key === undefined) {
      throw notS3(location, 'listed an object without <Key>');
    }
    if (LastModified === undefined) {
      throw notS3(location, 'listed an object without <LastModified>');
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
