import type { APIClient } from './api-client.ts';
import type { CallOptions } from './call-options.ts';
import type { KubernetesObject } from './object.ts';
import type { Resource } from './resource.ts';

/** What is asked for: one verb on one resource. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Left out: in all namespaces. */
  readonly namespace?: string | undefined;
  readonly name?: string;
}

interface SelfSubjectAccessReview extends KubernetesObject {
  readonly status?: { readonly allowed: boolean; readonly reason?: string };
}

const SELF_SUBJECT_ACCESS_REVIEWS: Resource<SelfSubjectAccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
};

/**
 * Asks whether this client's own identity may do something, before it tries. Every authenticated identity may
 * ask. `reason` is the authorizer's, and often empty.
 */
export async function selfSubjectAccessReview(
  client: APIClient,
  resourceAttributes: ResourceAttributes,
  options: CallOptions = {},
): Promise<{ readonly allowed: boolean; readonly reason: string }> {
  const review = await client.review(SELF_SUBJECT_ACCESS_REVIEWS, { resourceAttributes }, options);
  return { allowed: review.status?.allowed ?? false, reason: review.status?.reason ?? '' };
}
