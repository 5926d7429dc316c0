import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Cluster, KubeConfig } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { selfSubjectAccessReview } from '../../src/kube/client/access-review.ts';
import { APIError } from '../../src/kube/client/api-error.ts';
import { createAuthority } from '../harness/certificates.ts';
import { poll } from '../harness/poll.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { testClient } from './fixtures/testclient.ts';
import { WIDGETS } from './fixtures/widget.ts';
import { startCluster, widgetCluster } from './fixtures/widgetcluster.ts';

beforeAll(startCluster);

const KEY = { namespace: 'n', name: 'a' };

/**
 * An HTTPS server that notes the user of each request's client certificate, and the protocol it was asked by.
 */
async function startTLSAPI() {
  const authority = await createAuthority();
  const { certificate: cert, key } = await authority.issue('server');
  const users: string[] = [];
  const protocols = new Set<string>();
  const server = createServer(
    // Like the real one it would rather speak HTTP/2, if only it were offered.
    { cert, key, ca: authority.certificate, requestCert: true, ALPNProtocols: ['h2', 'http/1.1'] },
    (request, response) => {
      // An HTTPS server's sockets are TLS sockets.
      const socket = request.socket as TLSSocket;
      users.push(String(socket.getPeerCertificate().subject?.CN));
      protocols.add(`${request.httpVersion} ${socket.alpnProtocol}`);
      const metadata = { ...KEY, uid: 'u', resourceVersion: '1' };
      response.end(
        JSON.stringify({ apiVersion: 'kube.test/v1', kind: 'Widget', metadata, spec: { size: 1 } }),
      );
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    authority,
    users,
    protocols,
    // A server that listens on TCP has an address with a port.
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await authority[Symbol.asyncDispose]();
    },
  };
}

test('a rotated client certificate takes effect with the next call', async () => {
  await using api = await startTLSAPI();
  await using directory = await temporaryDirectory('client-certificate');
  const [certFile, keyFile] = [join(directory.path, 'tls.crt'), join(directory.path, 'tls.key')];
  const install = async (user: string): Promise<void> => {
    const issued = await api.authority.issue(user);
    await copyFile(issued.certificateFile, certFile);
    await copyFile(issued.keyFile, keyFile);
  };
  await using rig = testClient(() => {
    const config = new KubeConfig();
    const cluster = {
      name: 'tls',
      server: api.url,
      caFile: api.authority.certificateFile,
      skipTLSVerify: false,
    };
    config.loadFromClusterAndUser(cluster, { name: 'test', certFile, keyFile });
    return config;
  });
  await install('first');
  await rig.client.get(WIDGETS, KEY);
  await rig.client.get(WIDGETS, KEY);
  await install('second');
  await rig.client.get(WIDGETS, KEY);
  expect(api.users).toEqual(['first', 'first', 'second']);
  expect([...api.protocols]).toEqual(['1.1 http/1.1']);
});

test.each<[string, (ca: string, file: string) => Promise<Partial<Cluster>>]>([
  [
    'in a file',
    async (ca, caFile) => {
      await writeFile(caFile, ca);
      return { caFile };
    },
  ],
  ['in the kubeconfig', async (ca) => ({ caData: Buffer.from(ca).toString('base64') })],
])('a rotated authority %s takes effect without a restart', async (_where, install) => {
  await using api = await startTLSAPI();
  await using other = await createAuthority('another authority');
  await using directory = await temporaryDirectory('authority');
  const file = join(directory.path, 'ca.crt');
  const user = await api.authority.issue('user');
  let cluster = await install(other.certificate, file);
  await using rig = testClient(() => {
    const config = new KubeConfig();
    const base = { name: 'tls', server: api.url, skipTLSVerify: false };
    const { certificateFile: certFile, keyFile } = user;
    config.loadFromClusterAndUser({ ...base, ...cluster }, { name: 'test', certFile, keyFile });
    return config;
  });
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toMatchObject({ failure: 'TLS' });
  cluster = await install(api.authority.certificate, file);
  await rig.client.get(WIDGETS, KEY);
  expect(api.users).toEqual(['user']);
});

test('a server that the configured authority did not certify is refused, with what to check', async () => {
  await using api = await startTLSAPI();
  await using other = await createAuthority('another authority');
  await using rig = testClient(() => {
    const config = new KubeConfig();
    const cluster = { name: 'tls', server: api.url, caFile: other.certificateFile, skipTLSVerify: false };
    config.loadFromClusterAndUser(cluster, { name: 'test' });
    return config;
  });
  const failing = rig.client.get(WIDGETS, KEY);
  await expect(failing).rejects.toMatchObject({ failure: 'TLS' });
  await expect(failing).rejects.toThrow(/check the certificate authority/);
  expect(api.users).toEqual([]);
});

test('a kubeconfig without a current cluster says what to set', async () => {
  await using rig = testClient(() => new KubeConfig());
  await expect(rig.client.get(WIDGETS, KEY)).rejects.toThrow(/set current-context/);
});

test('a revoked service account token on the real API server costs no failed call once its file holds the next', async () => {
  await using world = await widgetCluster();
  const { cluster, namespace } = world;
  await using directory = await temporaryDirectory('token');
  const tokenFile = join(directory.path, 'token');
  const oldToken = await cluster.serviceAccountToken(namespace, 'rotating');
  await writeFile(tokenFile, oldToken);
  await using rig = testClient(() => {
    const config = cluster.kubeConfig();
    config.loadFromClusterAndUser(config.clusters[0] ?? NO_CLUSTER, {
      name: 'test',
      authProvider: { name: 'tokenFile', config: { tokenFile } },
    });
    return config;
  });
  const ask = () => selfSubjectAccessReview(rig.client, { verb: 'get', resource: 'pods' });
  await ask();
  // The token dies with its account; the API server remembers good tokens for some seconds.
  await cluster.kubectl(['delete', 'serviceaccount', 'rotating', '-n', namespace]);
  await writeFile(tokenFile, await cluster.serviceAccountToken(namespace, 'rotating'));
  await using stale = testClient(() => cluster.kubeConfig({ token: oldToken }));
  await poll('the old token to be refused', async () => {
    const refused: unknown = await selfSubjectAccessReview(stale.client, {
      verb: 'get',
      resource: 'pods',
    }).catch((error: unknown) => error);
    return refused instanceof APIError && refused.status === 401;
  });
  await ask();
  expect(await rig.seen.value('rest_client_requests_total', { code: '401' })).toBe(1);
});

const NO_CLUSTER = { name: 'none', server: 'https://127.0.0.1:1', skipTLSVerify: false };
