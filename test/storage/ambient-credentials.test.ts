import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DIRECT } from '../../src/net/proxy-rule.ts';
import { ambientCredentials } from '../../src/storage/s3/ambient-credentials.ts';
import { runCLI } from '../cli/run-cli.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

const ROLE = 'arn:aws:iam::1:role/updates';

let directory: TemporaryDirectory;
let server: Server;
let origin: string;
let token: string;

/** What STS (query protocol) or the agent of a pod answers, by the path of the request. */
const ANSWERS: Readonly<Record<string, { readonly status: number; readonly body: string }>> = {
  '/denied/': sts(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'),
  '/no-provider/': sts(400, 'InvalidIdentityToken', 'No OpenIDConnect provider found in your account'),
  '/expired/': sts(
    400,
    'ExpiredTokenException',
    'Token expired: current date/time must be before the expiration',
  ),
  '/throttled/': sts(400, 'Throttling', 'Rate exceeded'),
  '/broken/': sts(500, 'InternalFailure', 'try again'),
  '/pod/html': { status: 200, body: '<html>' },
  '/pod/refused': { status: 403, body: '{"code":"AccessDenied","message":"no association"}' },
};

function sts(status: number, code: string, message: string): { status: number; body: string } {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return {
    status,
    body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${error}</ErrorResponse>`,
  };
}

beforeAll(async () => {
  directory = await temporaryDirectory('aws');
  token = join(directory.path, 'token');
  await writeFile(token, 'a token');
  await mkdir(join(directory.path, '.aws'));
  const process_ = 'credential_process = /bin/false --secret hunter2';
  const sso =
    'sso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-3\nsso_account_id = 123456789012\nsso_role_name = r';
  for (const [name, settings] of [
    ['default-process', process_],
    ['default-sso', sso],
    ['default-region', 'region = eu-west-3'],
  ] as const) {
    await writeFile(join(directory.path, name), `[default]\n${settings}\n`);
  }
  await writeFile(
    join(directory.path, '.aws', 'config'),
    [
      `[profile process]\n${process_}`,
      `[profile sso]\n${sso}`,
      '[profile source]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = missing',
    ].join('\n'),
  );
  server = createServer((request, response) => {
    const { status, body } = ANSWERS[request.url ?? ''] ?? { status: 404, body: '' };
    response.writeHead(status, { 'content-type': body.startsWith('{') ? 'application/json' : 'text/xml' });
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has an address with a port.
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server?.close();
  await directory?.[Symbol.asyncDispose]();
});

interface Case {
  readonly env: () => Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const webIdentity = (path: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL_STS: `${origin}${path}`,
  AWS_WEB_IDENTITY_TOKEN_FILE: token,
  AWS_ROLE_ARN: ROLE,
});

const CASES: Readonly<Record<string, Case>> = {
  'nothing at all': { env: () => ({}), says: /No credentials for S3 .* Give an access key/ },
  'a token file that is not mounted': {
    env: () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: '/nonexistent/token', AWS_ROLE_ARN: ROLE }),
    says: /role arn:aws:iam::1:role\/updates by web identity .*ENOENT.*\/nonexistent\/token.*mounted/,
  },
  'a web identity without a role': {
    env: () => ({ AWS_WEB_IDENTITY_TOKEN_FILE: token }),
    says: /AWS_ROLE_ARN is not set/,
  },
  'a role that STS refuses': {
    env: () => webIdentity('/denied'),
    says: /STS refused with AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity.*trust policy/,
  },
  'an issuer that the account does not know': {
    env: () => webIdentity('/no-provider'),
    says: /STS refused with InvalidIdentityToken.*OIDC provider/,
  },
  'an expired web identity': { env: () => webIdentity('/expired'), says: /STS refused with ExpiredToken/ },
  'an STS that throttles': { env: () => webIdentity('/throttled'), says: /STS throttles/ },
  'an STS that fails': { env: () => webIdentity('/broken'), says: /can't be reached \(HTTP 500\)/ },
  'an STS that is down': {
    env: () => ({ ...webIdentity(''), AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9' }),
    says: /can't be reached \(ECONNREFUSED\)/,
  },
  'a pod without its authorization token': {
    env: () => ({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/pod/refused`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nonexistent/token',
    }),
    says: /container \(EKS Pod Identity or ECS\).*ENOENT.*\/nonexistent\/token/,
  },
  'a pod without an association': {
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/pod/refused` }),
    says: /container \(EKS Pod Identity or ECS\).*association/,
  },
  'an agent that answers no JSON': {
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/pod/html` }),
    says: /container .* is not JSON/,
  },
  'a profile that is not there': {
    env: () => ({ AWS_PROFILE: 'gone' }),
    says: /profile "gone" \(AWS_PROFILE\)/,
  },
  'a profile whose program fails': {
    env: () => ({ AWS_PROFILE: 'process' }),
    says: /profile "process" .*credential_process failed/,
  },
  'a profile whose SSO session ended': {
    env: () => ({ AWS_PROFILE: 'sso' }),
    says: /profile "sso" .*aws sso login/,
  },
  'a profile in a shared file that is not there': {
    env: () => ({ AWS_PROFILE: 'x', AWS_CONFIG_FILE: '/nonexistent/config' }),
    says: /profile "x" .*ENOENT.*\/nonexistent\/config.*readable for this user/,
  },
  "a profile in a shared file that can't be read": {
    env: () => ({ AWS_PROFILE: 'x', AWS_SHARED_CREDENTIALS_FILE: directory.path }),
    says: /profile "x" .* is no file.*readable for this user/,
  },
  'a profile by default whose program fails': {
    env: () => ({ AWS_CONFIG_FILE: join(directory.path, 'default-process') }),
    says: /profile "default" .*credential_process failed/,
  },
  'a profile by default whose SSO session ended': {
    env: () => ({ AWS_CONFIG_FILE: join(directory.path, 'default-sso') }),
    says: /profile "default" .*aws sso login/,
  },
  'a profile by default with a region only': {
    env: () => ({ AWS_CONFIG_FILE: join(directory.path, 'default-region') }),
    says: /No credentials for S3 .* Give an access key/,
  },
  'an access key without its secret': {
    env: () => ({ AWS_ACCESS_KEY_ID: 'a' }),
    says: /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: Only one of the two is set/,
  },
  'a secret without its access key': {
    env: () => ({ AWS_SECRET_ACCESS_KEY: 'hunter2' }),
    says: /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: Only one of the two is set/,
  },
  'a pod whose agent has an address that is no URL': {
    env: () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'xyz' }),
    says: /container .*: its address is no URL/,
  },
  'a profile whose source is missing': { env: () => ({ AWS_PROFILE: 'source' }), says: /profile "source"/ },
};

describe('credentials that cannot be had', () => {
  test.each(Object.entries(CASES))(
    '%s: the provider and the remedy are named',
    async (_name, { env, says }) => {
      const { code, stdout, stderr } = await runCLI(
        ['verify', 's3://b/p', '--trust-on-first-use', '--s3-endpoint', 'http://127.0.0.1:9'],
        { env: { HOME: directory.path, AWS_REGION: 'eu-west-3', ...env() } },
      );
      const text = (stdout + stderr).replace(/\s+/g, ' ');
      expect(text).toMatch(says);
      expect(text).not.toMatch(/internal error|at .*\.ts:\d+|hunter2|s3:ListBucket/);
      expect(code).toBe(1);
    },
  );
});

describe('what renews itself is read again without a restart:', () => {
  /** Variables of this process for one test: the SDK reads them itself. */
  async function within<T>(env: Readonly<Record<string, string>>, act: () => Promise<T>): Promise<T> {
    const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, env);
    try {
      return await act();
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) {
          delete process.env[name];
        } else {
          process.env[name] = value;
        }
      }
    }
  }

  /** What an agent or STS was asked with; it answers with keys that are as good as expired. */
  async function startGiver(answer: (expiration: string) => { type: string; body: string }) {
    const asked: string[] = [];
    const giver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) {
        chunks.push(Buffer.from(chunk as Uint8Array));
      }
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      asked.push(form.get('WebIdentityToken') ?? request.headers.authorization ?? '');
      const { type, body } = answer(new Date(Date.now() + 1_000).toISOString());
      response.writeHead(200, { 'content-type': type }).end(body);
    });
    giver.listen(0, '127.0.0.1');
    await once(giver, 'listening');
    return {
      asked,
      // A server that listens on TCP has an address with a port.
      url: `http://127.0.0.1:${(giver.address() as AddressInfo).port}`,
      [Symbol.dispose]: () => {
        giver.closeAllConnections();
        giver.close();
      },
    };
  }

  /** Writes one token after the other into `file`, and waits for each to be sent. */
  async function expectRenewed(file: string, asked: readonly string[]): Promise<void> {
    const credentials = ambientCredentials(DIRECT);
    for (const token of ['one', 'two']) {
      await writeFile(file, token);
      // The SDK renews in the background while the keys before are still good.
      await expect
        .poll(async () => {
          expect(await credentials()).toMatchObject({ accessKeyId: 'A' });
          return asked.at(-1);
        })
        .toBe(token);
    }
  }

  test('the token of a web identity', async () => {
    using sts = await startGiver((expiration) => ({
      type: 'text/xml',
      body: `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    }));
    const file = join(directory.path, 'rotating-identity');
    const env = {
      ...{ AWS_ENDPOINT_URL_STS: sts.url, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: ROLE },
      AWS_REGION: 'eu-west-3',
    };
    await within(env, () => expectRenewed(file, sts.asked));
  });

  test('the token of a pod', async () => {
    using agent = await startGiver((Expiration) => ({
      type: 'application/json',
      body: JSON.stringify({ AccessKeyId: 'A', SecretAccessKey: 'S', Token: 'T', Expiration }),
    }));
    const file = join(directory.path, 'rotating-pod-token');
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file,
    };
    await within(env, () => expectRenewed(file, agent.asked));
  });

  test('a profile, for each bucket that is opened', async () => {
    const file = join(directory.path, 'rotating-profiles');
    await within({ AWS_PROFILE: 'rotating', AWS_SHARED_CREDENTIALS_FILE: file }, async () => {
      for (const key of ['ONE', 'TWO']) {
        const lines = ['[rotating]', `aws_access_key_id = ${key}`, 'aws_secret_access_key = S'];
        await writeFile(file, lines.join('\n'));
        expect(await ambientCredentials(DIRECT)()).toMatchObject({ accessKeyId: key });
      }
    });
  });
});
