import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RecoveryError } from '../../../src/errors.ts';
import type { ListedObject } from '../../../src/storage/source.ts';
import type { HostileSource } from './hostile-source.ts';

/** Objects of one page of a listing. */
const PAGE = 1000;

/**
 * An S3 server whose folders are hostile buckets: a real one would need hours to take a hundred thousand
 * objects each.
 */
export interface HostileS3 extends AsyncDisposable {
  readonly endpoint: string;
  readonly bucket: string;
  /** Serves a bucket as the repository of an app, in place of the one before. */
  serve(app: string, source: HostileSource): void;
}

/** The admin all apps belong to: short, because the planted names are as long as S3 admits. */
export const ADMIN = 'h';

const BUCKET = 'hostile';
const PREFIX = `tuf_metadata/${ADMIN}/`;

/** Starts it; reads the signed requests of any client and checks no signature. */
export async function startHostileS3(): Promise<HostileS3> {
  const apps = new Map<string, HostileSource>();
  const listings = new Map<string, Iterator<ListedObject>>();
  let tokens = 0;

  function list(app: string, token: string | null): string {
    const source = apps.get(app);
    const objects = listings.get(token ?? '') ?? source?.objects() ?? [][Symbol.iterator]();
    listings.delete(token ?? '');
    const page: string[] = [];
    let next = objects.next();
    while (next.done !== true) {
      const { name, size, lastModified } = next.value;
      page.push(
        `<Contents><Key>${encodeURIComponent(`${PREFIX}${app}/${name}`)}</Key>` +
          `<LastModified>${lastModified.toISOString()}</LastModified><Size>${size}</Size></Contents>`,
      );
      if (page.length === PAGE) {
        break;
      }
      next = objects.next();
    }
    const further = next.done === true ? undefined : `page-${++tokens}`;
    if (further !== undefined) {
      listings.set(further, objects);
    }
    return listing(page, further);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (searchParams.get('list-type') === '2') {
      const app = new RegExp(`^${PREFIX}([^/]+)/$`).exec(searchParams.get('prefix') ?? '')?.[1];
      const folders = [...apps.keys()].map(
        (each) => `<CommonPrefixes><Prefix>${PREFIX}${each}/</Prefix></CommonPrefixes>`,
      );
      response.setHeader('content-type', 'application/xml');
      response.end(
        app === undefined ? listing(folders, undefined) : list(app, searchParams.get('continuation-token')),
      );
      return;
    }
    const [, app = '', name = ''] = new RegExp(`^/${BUCKET}/${PREFIX}([^/]+)/(.*)$`).exec(pathname) ?? [];
    try {
      const bytes = await apps
        .get(app)
        ?.get(decodeURIComponent(name), { maxBytes: Number.POSITIVE_INFINITY });
      response.statusCode = bytes === undefined ? 404 : 200;
      response.end(bytes ?? '<Error><Code>NoSuchKey</Code></Error>');
    } catch (error) {
      if (!(error instanceof RecoveryError)) {
        throw error;
      }
      response.statusCode = 404;
      response.end('<Error><Code>NoSuchKey</Code></Error>');
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) =>
      response.destroy(error instanceof Error ? error : undefined),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Listening on a port.
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    serve: (app, source) => {
      apps.set(app, source);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      for (const source of apps.values()) {
        source[Symbol.dispose]();
      }
    },
  };
}

function listing(entries: readonly string[], next: string | undefined): string {
  const more = next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><EncodingType>url</EncodingType>' +
    `<IsTruncated>${next !== undefined}</IsTruncated>${more}${entries.join('')}</ListBucketResult>`
  );
}
