import { APIError, isForbidden } from '../../kube/client/api-error.ts';

/**
 * The controller's own identity may not read something. Not the target's fault and not final: the permission
 * can be granted while a run waits.
 */
export class ForbiddenError extends Error {
  /**
   * @param what the object in words: `Secret prod/redis`
   * @param plural its resource, as RBAC names it
   */
  constructor(what: string, plural: string, cause: unknown) {
    super(
      `The controller may not read ${what}: grant its ServiceAccount the verb get on ${plural} in that namespace.`,
      { cause },
    );
    this.name = 'ForbiddenError';
  }
}

/**
 * What to grant, when a permission of the controller is all that is missing; undefined for every other error.
 */
export function missingPermission(error: unknown): string | undefined {
  const forbidden = error instanceof ForbiddenError || (error instanceof APIError && isForbidden(error));
  return forbidden ? error.message : undefined;
}
