import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fromHttp, fromIni, fromNodeProviderChain, fromTokenFile } from '@aws-sdk/credential-providers';
import { systemErrorCode } from '../../errors.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';
import { explainCredentialsError, type Provider } from './credentials-error.ts';
import { ProxiedHandler } from './proxied-handler.ts';

/** STS is asked once in a while, by one process. */
const MAX_SOCKETS = 4;

type Credentials = Awaited<ReturnType<ReturnType<typeof fromNodeProviderChain>>>;

/**
 * The AWS chain: environment, shared files, web identity (IRSA), container (EKS Pod Identity, ECS) and
 * instance roles; renewed before they expire. STS and SSO are asked through the proxy; the metadata services
 * of pods and instances are link-local, so never. A failure names the provider that was meant and what to do
 * about it.
 *
 * A module of its own, because static keys need none of a dozen providers.
 */
export function ambientCredentials(proxy: ProxyRule): () => Promise<Credentials> {
  const clientConfig = {
    // One try: the reads of a bucket are repeated as a whole, and their limits count.
    maxAttempts: 1,
    requestHandler: new ProxiedHandler({ proxy, maxSockets: MAX_SOCKETS }),
  };
  // The SDK keeps the shared files for as long as the process lives, and profiles are rotated.
  const chain = fromNodeProviderChain({ clientConfig, ignoreCache: true });
  return async () => {
    try {
      return await chain();
    } catch (error) {
      const intended = intendedProvider(process.env);
      const { own, provider } = await ownErrorOf(intended, error, clientConfig);
      throw explainCredentialsError(own, provider);
    }
  };
}

/**
 * Which provider the environment asks for. The chain tries others too, and in the end only says that none
 * worked.
 */
function intendedProvider(variables: NodeJS.ProcessEnv): Provider {
  const { AWS_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN } = variables;
  if (Boolean(variables['AWS_ACCESS_KEY_ID']) !== Boolean(variables['AWS_SECRET_ACCESS_KEY'])) {
    return { kind: 'keys' };
  }
  if (AWS_PROFILE) {
    return { kind: 'profile', profile: AWS_PROFILE };
  }
  if (AWS_WEB_IDENTITY_TOKEN_FILE) {
    return { kind: 'webIdentity', role: AWS_ROLE_ARN || undefined };
  }
  if (
    variables['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ||
    variables['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  ) {
    return { kind: 'container' };
  }
  return { kind: 'none' };
}

type ClientConfig = NonNullable<NonNullable<Parameters<typeof fromNodeProviderChain>[0]>['clientConfig']>;

/**
 * The error of that provider alone; the chain's where it has one of its own. Where nothing names a provider,
 * the profile `default` was meant, if it says where credentials come from.
 */
async function ownErrorOf(
  provider: Provider,
  error: unknown,
  clientConfig: ClientConfig,
): Promise<{ readonly own: unknown; readonly provider: Provider }> {
  const isOfChain = error instanceof Error && error.message.startsWith('Could not load credentials');
  if (!isOfChain && provider.kind !== 'none') {
    return { own: error, provider };
  }
  try {
    await ask(provider, clientConfig);
    return { own: error, provider };
  } catch (own) {
    if (provider.kind !== 'none') {
      return { own, provider };
    }
    const isAbsent = own instanceof Error && NO_SUCH_PROFILE.test(own.message);
    return isAbsent ? { own: error, provider } : { own, provider: { kind: 'defaultProfile' } };
  }
}

/** The SDK says this of a profile that is not there, and of one that has a region and no credentials. */
const NO_SUCH_PROFILE = /^Could not resolve credentials using profile/;

async function ask(provider: Provider, clientConfig: ClientConfig): Promise<void> {
  switch (provider.kind) {
    case 'profile':
      return await askProfile(provider.profile, clientConfig);
    case 'webIdentity':
      await fromTokenFile({ clientConfig })();
      break;
    case 'container':
      await fromHttp({ maxRetries: 0 })();
      break;
    case 'keys':
      break;
    case 'defaultProfile':
    case 'none':
      return await askProfile('default', clientConfig);
  }
}

async function askProfile(profile: string, clientConfig: ClientConfig): Promise<void> {
  await assertReadable(process.env);
  await fromIni({ profile, clientConfig, ignoreCache: true })();
}

/**
 * The SDK takes a shared file that can't be read for one that is not there.
 *
 * @throws the error of the system call
 */
async function assertReadable(variables: NodeJS.ProcessEnv): Promise<void> {
  const folder = join(variables['HOME'] || homedir(), '.aws');
  for (const [variable, name] of [
    ['AWS_CONFIG_FILE', 'config'],
    ['AWS_SHARED_CREDENTIALS_FILE', 'credentials'],
  ] as const) {
    const named = variables[variable];
    const file = named || join(folder, name);
    try {
      await access(file, constants.R_OK);
      if (!(await stat(file)).isFile()) {
        throw Object.assign(new Error(`${file} is no file`), { code: 'EISDIR' });
      }
    } catch (error) {
      if (named || systemErrorCode(error) !== 'ENOENT') {
        throw error;
      }
    }
  }
}
