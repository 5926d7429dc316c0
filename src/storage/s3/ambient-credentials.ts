import { fromNodeProviderChain } from '@aws-sdk/credential-providers';

/**
 * The AWS chain: environment, shared files, web identity (IRSA), container and instance roles; renewed before they
 * expire. A module of its own, because who has static keys need not load a dozen providers.
 */
export function ambientCredentials(): ReturnType<typeof fromNodeProviderChain> {
  return fromNodeProviderChain();
}
