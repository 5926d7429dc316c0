import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectToRedis as connectRedis } from '../../src/redis/connect.ts';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.ts';
import { runCLI } from '../cli/run-cli.ts';
import { type CertificateAuthority, createAuthority } from '../harness/certificates.ts';
import { type ForwardProxy, startForwardProxy } from '../harness/forward-proxy.ts';
import { listAll } from '../harness/list-all.ts';
import { startRedis } from '../harness/redis.ts';
import { type S3Server, startS3 } from '../harness/s3.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';

let authority: CertificateAuthority;
let proxy: ForwardProxy;
let s3: S3Server;
let secure: S3Server;

beforeAll(async () => {
  authority = await createAuthority();
  proxy = await startForwardProxy();
  s3 = await startS3({ buckets: ['updates'] });
  secure = await startS3({ buckets: ['updates'], tls: { authority } });
  for (const server of [s3, secure]) {
    await server.put('updates', [{ key: 'app/1.root.json', body: 'not a root' }]);
  }
});

afterAll(async () => {
  await secure?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
  await authority?.[Symbol.asyncDispose]();
});

/** What the program says about the bucket, asked at this endpoint. */
async function verify(endpoint: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { credentials, region } = s3;
  const result = await runCLI(
    ['verify', 's3://updates/app', '--trust-on-first-use', '--s3-endpoint', endpoint],
    {
      env: {
        S3_ACCESS_KEY: credentials.accessKeyId,
        S3_SECRET_KEY: credentials.secretAccessKey,
        S3_REGION: region,
        ...env,
      },
    },
  );
  return result.stdout + result.stderr;
}

describe('S3 behind a proxy', () => {
  test('is asked through it, by a name that only the proxy resolves', async () => {
    const endpoint = `http://s3.example.test:${s3.port}`;
    expect(await verify(endpoint, { HTTP_PROXY: proxy.url })).toContain('Refused  s3://updates/app/');
    expect(proxy.requests.join('\n')).toContain(`GET ${endpoint}/updates`);
  });

  test('with TLS is asked through a tunnel', async () => {
    const endpoint = `https://localhost.example.test:${secure.port}`;
    const text = await verify(endpoint, { HTTPS_PROXY: proxy.url, S3_CA_FILE: authority.certificateFile });
    expect(proxy.requests).toContain(`CONNECT localhost.example.test:${secure.port}`);
    // The tunnel stood: it is the certificate that names another host.
    expect(text).toMatch(/certificate|altnames/i);
  });

  test('is asked directly where NO_PROXY or a loopback address says so', async () => {
    const before = proxy.requests.length;
    expect(await verify(s3.endpoint, { HTTP_PROXY: proxy.url })).toContain('Refused  s3://updates/app/');
    const unknown = await verify(`http://s3.example.test:${s3.port}`, {
      HTTP_PROXY: proxy.url,
      NO_PROXY: '.example.test',
    });
    expect(unknown).toMatch(/s3\.example\.test/);
    expect(proxy.requests.slice(before)).toEqual([]);
  });

  test('gets its credentials from STS through the proxy, too', async () => {
    const sts = createServer((_request, response) => {
      response.writeHead(403, { 'content-type': 'text/xml' });
      response.end(
        '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
      );
    });
    sts.listen(0, '127.0.0.1');
    await once(sts, 'listening');
    // A server that listens on TCP has an address with a port.
    const { port } = sts.address() as AddressInfo;
    await using directory = await temporaryDirectory('web-identity');
    const token = join(directory.path, 'token');
    await writeFile(token, 'a token');
    await verify(s3.endpoint, {
      S3_ACCESS_KEY: '',
      S3_SECRET_KEY: '',
      HTTP_PROXY: proxy.url,
      AWS_ENDPOINT_URL_STS: `http://sts.example.test:${port}`,
      AWS_WEB_IDENTITY_TOKEN_FILE: token,
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/x',
      AWS_REGION: 'eu-west-3',
    });
    sts.close();
    expect(proxy.requests).toContain(`POST http://sts.example.test:${port}/`);
  });
});

/** The certificate that a TLS server presents, as PEM: a leaf, signed by an authority that is not given. */
async function presentedBy(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw).toString();
}

describe('an anchor that is not self-signed', () => {
  test('is enough for S3', async () => {
    const { credentials, endpoint, region } = secure;
    const bucket = await S3Bucket.open({
      bucket: 'updates',
      access: {
        credentials: { kind: 'static', ...credentials },
        endpoint,
        region,
        forcePathStyle: true,
        ca: await presentedBy(secure.host, secure.port),
      },
    });
    const listed = await listAll(bucket.source('app/'));
    bucket.destroy();
    expect(listed.map(({ name }) => name)).toEqual(['1.root.json']);
  });

  test('is enough for Redis', async () => {
    await using redis = await startRedis({ tls: { authority } });
    const { host, port } = redis;
    const { client } = await connectRedis({
      location: { kind: 'standalone', address: { host, port } },
      tls: { ca: await presentedBy(host, port) },
    });
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  test('does not vouch for another server', async () => {
    await using other = await createAuthority('another');
    const { certificate } = await other.issue('s3');
    await using directory = await temporaryDirectory('anchor');
    const file = join(directory.path, 'ca.crt');
    await writeFile(file, certificate);
    const text = await verify(secure.endpoint, { S3_CA_FILE: file });
    expect(text).toMatch(/certificate/i);
  });
});
