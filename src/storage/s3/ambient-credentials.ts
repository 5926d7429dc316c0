import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { agentsFor } from '../../net/agents.ts';
import type { ProxyRule } from '../../net/proxy-rule.ts';

/** STS is asked once in a while, by one process. */
const MAX_SOCKETS = 4;

/**
 * The AWS chain: environment, shared files, web identity (IRSA), container and instance roles; renewed before they
 * expire. STS and SSO are asked through the proxy; the metadata services of pods and instances are link-local, so never.
 * A module of its own, because static keys need none of a dozen providers.
 */
export function ambientCredentials(proxy: ProxyRule): ReturnType<typeof fromNodeProviderChain> {
  const sts = new URL(process.env['AWS_ENDPOINT_URL_STS'] ?? 'https://sts.amazonaws.com');
  const agents = agentsFor(sts, { proxy, maxSockets: MAX_SOCKETS });
  return fromNodeProviderChain({ clientConfig: { requestHandler: new NodeHttpHandler(agents) } });
}
