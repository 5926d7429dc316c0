import { link, mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises';
import { Agent } from 'node:https';
import { connect } from 'node:net';
import { dirname, join, relative, sep } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { asset } from './assets.ts';
import type { CertificateAuthority } from './certificates.ts';
import { isClockAhead } from './clock.ts';
import { freePort } from './free-port.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** An access key of the S3 server. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** One object to be put, with the time that the store is to report as LastModified. */
export interface S3Object {
  readonly key: string;
  readonly body: Uint8Array | string;
  readonly lastModified?: Date;
  readonly contentType?: string;
}

/** How the server is to be set up. */
export interface S3ServerOptions {
  /** Serves TLS with a certificate of this authority. */
  readonly tls?: { readonly authority: CertificateAuthority };
  /** The administrator's key; a key of its own when absent. */
  readonly credentials?: S3Credentials;
  /** Buckets that exist from the start. */
  readonly buckets?: readonly string[];
}

/** A real S3 server with signatures, users and policies; its objects are files of a temporary directory. */
export interface S3Server extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or `https://…`. */
  readonly endpoint: string;
  readonly region: string;
  /** The administrator's key. */
  readonly credentials: S3Credentials;
  /** The program; a new one after {@link restart}. */
  readonly process: RunningProcess;
  /** A client for this server; by default the administrator's. `endpoint` leads it through a proxy. */
  client(options?: { readonly credentials?: S3Credentials; readonly endpoint?: string }): S3Client;
  createBucket(bucket: string): Promise<void>;
  /** Puts objects and sets their LastModified (one-second resolution); without one it is the present. */
  put(bucket: string, objects: readonly S3Object[]): Promise<void>;
  /**
   * Puts every file of a directory under `prefix` (ends with `/`), with its time of change as LastModified.
   * File names are percent-decoded, because role names may hold characters that file names can't.
   */
  putDirectory(bucket: string, prefix: string, directory: string): Promise<void>;
  /**
   * Has every object under a prefix (ends with `/`) also under other prefixes, at the price of a name in the
   * file system: for fleets of apps whose metadata is the same.
   */
  putCopies(bucket: string, prefix: string, copies: readonly string[]): Promise<void>;
  /** Changes what the server reports as LastModified of an object. */
  setLastModified(bucket: string, key: string, lastModified: Date): Promise<void>;
  /** Starts the server again on its port with its objects, after it was stopped or killed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const administratorKey = { accessKeyId: 'administrator', secretAccessKey: 'administrator-secret' };

/** Starts versitygw over a temporary directory. */
export async function startS3({
  tls,
  credentials = administratorKey,
  buckets = [],
}: S3ServerOptions = {}): Promise<S3Server> {
  const directory = await temporaryDirectory('s3');
  const data = join(directory.path, 'data');
  const users = join(directory.path, 'users');
  await mkdir(data);
  await mkdir(users);
  const host = '127.0.0.1';
  const port = await freePort();
  const region = 'us-east-1';
  const endpoint = `${tls ? 'https' : 'http'}://${host}:${port}`;
  const certificate = await tls?.authority.issue('s3');

  const clients = new Set<S3Client>();
  const client: S3Server['client'] = (options = {}) => {
    const created = new S3Client({
      region,
      endpoint,
      credentials,
      forcePathStyle: true,
      ...(tls
        ? {
            requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: tls.authority.certificate }) }),
          }
        : {}),
      ...options,
    });
    clients.add(created);
    return created;
  };
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      name: 'versitygw',
      command: asset('versitygw'),
      args: [
        ...['--port', `${host}:${port}`, '--region', region],
        ...['--access', credentials.accessKeyId, '--secret', credentials.secretAccessKey],
        ...['--iam-dir', users, '--iam-cache-disable', '--keep-alive', '--quiet'],
        ...(certificate ? ['--cert', certificate.certificateFile, '--key', certificate.keyFile] : []),
        ...['posix', data],
      ],
      ready: () => accepts(host, port),
    });

  let running: RunningProcess;
  try {
    running = await launch();
  } catch (error) {
    await directory[Symbol.asyncDispose]();
    throw error;
  }
  const stop = async (): Promise<void> => {
    for (const open of clients) {
      open.destroy();
    }
    await running[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  const administrator = client();
  const setLastModified: S3Server['setLastModified'] = (bucket, key, lastModified) =>
    // The server reports the time of its file.
    utimes(join(data, bucket, key), lastModified, lastModified);
  const put: S3Server['put'] = async (bucket, objects) => {
    for (const { key, body, lastModified, contentType } of objects) {
      await administrator.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ...(contentType === undefined ? {} : { ContentType: contentType }),
        }),
      );
      // The file system stays in the present, whatever the server's clock says.
      const modified = lastModified ?? (isClockAhead() ? new Date() : undefined);
      if (modified) {
        await setLastModified(bucket, key, modified);
      }
    }
  };
  const createBucket: S3Server['createBucket'] = async (bucket) => {
    await administrator.send(new CreateBucketCommand({ Bucket: bucket }));
  };
  for (const bucket of buckets) {
    await createBucket(bucket);
  }
  // An object is a file with its ETag in an attribute; a hard link has both.
  const putCopies: S3Server['putCopies'] = async (bucket, prefix, copies) => {
    const names = (await readdir(join(data, bucket, prefix), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(join(data, bucket, prefix), join(entry.parentPath, entry.name)));
    for (const copy of copies) {
      for (const name of names) {
        const to = join(data, bucket, copy, name);
        await mkdir(dirname(to), { recursive: true });
        await link(join(data, bucket, prefix, name), to);
      }
    }
  };
  return {
    host,
    port,
    endpoint,
    region,
    credentials,
    get process() {
      return running;
    },
    client,
    createBucket,
    put,
    putCopies,
    setLastModified,
    putDirectory: async (bucket, prefix, from) => put(bucket, await objectsOf(from, prefix)),
    restart: async () => {
      await running[Symbol.asyncDispose]();
      running = await launch();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function objectsOf(directory: string, prefix: string): Promise<S3Object[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        const name = relative(directory, path).split(sep).map(decodeURIComponent).join('/');
        return { key: prefix + name, body: await readFile(path), lastModified: (await stat(path)).mtime };
      }),
  );
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
