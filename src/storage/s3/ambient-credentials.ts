import { fromHttp, fromIni, fromNodeProviderChain, fromTokenFile } from '@aws-sdk/credential-providers';
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
      const provider = intendedProvider(process.env);
      throw explainCredentialsError(await ownErrorOf(provider, error, clientConfig), provider);
    }
  };
}

/**
 * Which provider the environment asks for. The chain tries others too, and in the end only says that none
 * worked.
 */
function intendedProvider(variables: NodeJS.ProcessEnv): Provider {
  const { AWS_PROFILE, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN } = variables;
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

/** The error of that provider alone; the chain's where it has one of its own. */
async function ownErrorOf(provider: Provider, error: unknown, clientConfig: ClientConfig): Promise<unknown> {
  if (!(error instanceof Error && error.message.startsWith('Could not load credentials'))) {
    return error;
  }
  try {
    switch (provider.kind) {
      case 'profile':
        await fromIni({ profile: provider.profile, clientConfig, ignoreCache: true })();
        break;
      case 'webIdentity':
        await fromTokenFile({ clientConfig })();
        break;
      case 'container':
        await fromHttp({ maxRetries: 0 })();
        break;
      case 'none':
        break;
    }
    return error;
  } catch (own) {
    return own;
  }
}
