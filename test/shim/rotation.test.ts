import { rm, writeFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import type { APIServerAccess } from '../harness/apiserver-access.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { applyCRDs } from './support/running-shim.ts';
import { startShimProcess } from './support/shim-process.ts';
import { inSeconds, SECRET, sign } from './support/tokens.ts';

let cluster: APIServerAccess;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedAPIServer();
  await applyCRDs(cluster);
  namespace = await cluster.createNamespace('shim-rotation');
});

test('a shared secret is rotated without a restart: the new one counts, the old one no longer', async () => {
  await using shim = await startShimProcess(cluster, namespace, ['--admin=alice', '--rate-limit=100000']);
  let serial = 0;
  /** The answer to a token that was never seen before. */
  const status = async (secret: string): Promise<number> => {
    serial += 1;
    const token = sign({ username: 'alice', jti: String(serial), exp: inSeconds(600) }, { secret });
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`${shim.url}/tuf/v1/task?task_id=x`, { headers });
    await response.body?.cancel();
    return response.status;
  };
  const renewed = 'a secret that was renewed, of more than 32 bytes';
  expect([await status(SECRET), await status(renewed)]).toEqual([200, 401]);
  await writeFile(shim.secretFile, `${renewed}\n`);
  await poll('the new secret to count', async () => (await status(renewed)) === 200);
  expect(await status(SECRET)).toBe(401);
  // Half a rotation neither refuses every token nor accepts every one.
  await writeFile(shim.secretFile, '');
  const says = 'the shared secrets cannot be read again; those read before stay in use';
  await poll('the problem in the log', async () => {
    expect([await status(renewed), await status(''), await status(SECRET)]).toEqual([200, 401, 401]);
    return (await shim.process.log()).includes(says);
  });
  await rm(shim.secretFile);
  expect(await status(renewed)).toBe(200);
  await writeFile(shim.secretFile, SECRET);
  await poll('the first secret to count again', async () => (await status(SECRET)) === 200);
  const log = await shim.process.log();
  expect(log.split(says)).toHaveLength(2);
  expect(log).not.toContain(SECRET);
  expect(log).not.toContain(renewed);
});
