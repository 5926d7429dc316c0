import { TerminalError } from '../../errors.ts';
import type { App } from '../../recovery/request.ts';
import type { S3Bucket } from '../../storage/s3/s3-bucket.ts';

/** An app as the bucket shows it; nothing of it is verified. */
export interface FoundApp extends App {
  /** The highest N of any `N.root.json`; undefined when there is none among the first files. */
  readonly rootVersion: number | undefined;
}

/** What {@link discoverApps} looks at, at most. */
export interface DiscoveryLimits {
  readonly apps: number;
  /** Pages of 1,000 files in which an app's roots are looked for. */
  readonly pagesPerApp: number;
}

const defaultLimits: DiscoveryLimits = { apps: 100, pagesPerApp: 10 };

interface Page {
  readonly keys: readonly string[];
  readonly folders: readonly string[];
}

/**
 * The first apps below `prefix`, by name, as `<prefix>/<admin>/<app>/`. Lists folders only, and of each app the files, so it costs
 * one request for each admin and app and not one for each thousand files of the bucket.
 *
 * @param prefix without a slash at the end
 * @throws TransientError or TerminalError of the storage taxonomy
 */
export async function discoverApps(
  bucket: S3Bucket,
  prefix: string,
  signal: AbortSignal,
  limits: DiscoveryLimits = defaultLimits,
): Promise<readonly FoundApp[]> {
  const found: FoundApp[] = [];
  for await (const adminName of folders(bucket, `${prefix}/`, signal)) {
    for await (const appName of folders(bucket, `${prefix}/${adminName}/`, signal)) {
      const files = pages(bucket, `${prefix}/${adminName}/${appName}/`, undefined, signal);
      found.push({ adminName, appName, rootVersion: await highestRoot(files, limits.pagesPerApp) });
      if (found.length >= limits.apps) {
        return found;
      }
    }
  }
  return found;
}

async function highestRoot(files: AsyncIterable<Page>, maxPages: number): Promise<number | undefined> {
  let highest: number | undefined;
  let seen = 0;
  for await (const { keys } of files) {
    for (const key of keys) {
      const version = Number(/^([1-9][0-9]{0,14})\.root\.json$/.exec(key)?.[1] ?? 0);
      if (version > (highest ?? 0)) {
        highest = version;
      }
    }
    seen += 1;
    if (seen >= maxPages) {
      break;
    }
  }
  return highest;
}

async function* folders(bucket: S3Bucket, prefix: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const page of pages(bucket, prefix, '/', signal)) {
    for (const folder of page.folders) {
      yield folder.slice(0, -1);
    }
  }
}

/** Pages of a listing, names relative to the prefix. */
async function* pages(
  bucket: S3Bucket,
  prefix: string,
  delimiter: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<Page> {
  let token: string | undefined;
  do {
    const output = await bucket.request(
      'ListObjectsV2',
      `s3://${bucket.name}/${prefix}`,
      (client, watchdog) =>
        client.list(
          {
            Prefix: prefix,
            EncodingType: 'url',
            ...(delimiter !== undefined && { Delimiter: delimiter }),
            ...(token !== undefined && { ContinuationToken: token }),
          },
          watchdog.signal,
        ),
      signal,
    );
    // Any XML or HTML parses into an empty page; every S3 sends IsTruncated.
    if (output.IsTruncated === undefined) {
      throw notS3(bucket);
    }
    // Not every server honours the encoding we asked for; the ones that do say so. It is form encoding: a space is `+`.
    const decode = (name: string): string =>
      output.EncodingType === 'url' ? decodeURIComponent(name.replaceAll('+', ' ')) : name;
    const relative = (name: string | undefined): string[] =>
      name === undefined ? [] : [decode(name).slice(prefix.length)];
    yield {
      keys: (output.Contents ?? []).flatMap(({ Key }) => relative(Key)),
      folders: (output.CommonPrefixes ?? []).flatMap(({ Prefix }) => relative(Prefix)),
    };
    const next = output.IsTruncated ? output.NextContinuationToken : undefined;
    // A server that repeats its token would keep us here for ever.
    token = next === token ? undefined : next;
  } while (token !== undefined);
}

function notS3(bucket: S3Bucket): TerminalError {
  return new TerminalError(
    'InvalidSource',
    `What answers for bucket ${bucket.name} is no S3 API. Check storage.endpoint of the RecoveryTarget.`,
  );
}
