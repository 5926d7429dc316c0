import { randomBytes } from 'node:crypto';
import type { Kubernetes, Pod } from './kubernetes.ts';
import { component, names } from './names.ts';
import type { Provider } from './provider.ts';
import { nodeScript, pod } from './restricted-pod.ts';

const secretName = 'faynosync-jwt';

/** The Secret with which tokens are signed. */
export function jwtSecret(): object {
  const stringData = { JWT_SECRET: randomBytes(32).toString('hex') };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, stringData };
}

/**
 * Asks for a recovery over HTTP as the server's dashboard would: from a pod of another namespace, through the
 * shim's Service, with a token of the server.
 *
 * @returns the id of the task, which has ended with success
 */
export async function recoverThroughShim(
  kubernetes: Kubernetes,
  { images }: Provider,
  appName: string,
): Promise<string> {
  const [service] = await kubernetes.list<{ metadata: { name: string } }>(
    names.operator,
    'services',
    component('shim'),
  );
  const secret = await kubernetes.get<{ data: { JWT_SECRET: string } }>(names.operator, 'secret', secretName);
  await kubernetes.apply(names.app, [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, data: secret.data },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      ...withName(
        'shim-client',
        pod(
          { app: 'shim-client' },
          {
            name: 'client',
            image: `${images.operator.repository}:${images.operator.tag}`,
            command: nodeScript(client),
            env: [
              { name: 'URL', value: `http://${service?.metadata.name}.${names.operator}` },
              { name: 'APP', value: appName },
              { name: 'SECRET', valueFrom: { secretKeyRef: { name: secretName, key: 'JWT_SECRET' } } },
            ],
          },
          { restartPolicy: 'Never' },
        ),
      ),
    },
  ]);
  const ended = await kubernetes.until('the client to end', async () => {
    const { status } = await kubernetes.get<Pod>(names.app, 'pod', 'shim-client');
    return (status.phase === 'Succeeded' || status.phase === 'Failed') && status.phase;
  });
  const log = await kubernetes.kubectl([`--namespace=${names.app}`, 'logs', 'shim-client']);
  if (ended === 'Failed') {
    throw new Error(`The client of the shim failed:\n${log}`);
  }
  await kubernetes.kubectl([`--namespace=${names.app}`, 'delete', 'pod/shim-client', `secret/${secretName}`]);
  return log.trim();
}

function withName(name: string, template: object): object {
  const { metadata, ...rest } = template as { metadata: object };
  return { metadata: { ...metadata, name }, ...rest };
}

/** Runs in the pod: signs a token, asks, and follows the task to its end. */
const client = `
const { createHmac } = require('node:crypto');
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = part({ alg: 'HS256', typ: 'JWT' }) + '.' +
  part({ username: 'alice', exp: Math.floor(Date.now() / 1000) + 300 });
const token = signed + '.' + createHmac('sha256', process.env.SECRET).update(signed).digest('base64url');
const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
const fail = (what) => { console.log(what); process.exit(1); };
(async () => {
  const asked = await fetch(process.env.URL + '/tuf/v1/bootstrap/recovery', {
    method: 'POST', headers, body: JSON.stringify({ appName: process.env.APP }),
  });
  const answer = await asked.text();
  if (asked.status !== 202) fail(asked.status + ' ' + answer);
  const id = JSON.parse(answer).data.task_id;
  for (let look = 0; look < 100; look += 1) {
    const task = await (await fetch(process.env.URL + '/tuf/v1/task?task_id=' + id, { headers })).text();
    if (task.includes('SUCCESS')) { console.log(id); return; }
    if (task.includes('FAILURE')) fail(task);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  fail('The task did not end.');
})().catch((error) => fail(String(error.cause ?? error)));
`;
