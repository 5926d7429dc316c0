import type { APIServerAccess } from './apiserver-access.ts';

/** What a user wants to do, in the words of a SubjectAccessReview. */
export interface ResourceAttributes {
  readonly verb: string;
  /** For example `secrets/redis` or `bootstraprecoveries.tuf-recovery.dev`. */
  readonly resource: string;
  readonly namespace: string;
}

/**
 * Whether the API server lets a user do it. It learns of a permission a moment after that was granted, so
 * wait for what is to be allowed, with `expect.poll` or `poll`.
 */
export async function isAllowed(
  cluster: Pick<APIServerAccess, 'kubectl'>,
  user: string,
  { verb, resource, namespace }: ResourceAttributes,
): Promise<boolean> {
  const question = ['auth', 'can-i', verb, resource, `--namespace=${namespace}`, `--as=${user}`];
  // kubectl exits with 1 for no.
  const answer = await cluster.kubectl(question).catch(() => 'no');
  return answer.trim() === 'yes';
}
