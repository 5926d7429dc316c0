import type { Tenants } from './auth/tenants.ts';
import { errorAnswer, type HTTPAnswer, retryLater } from './http/answer.ts';
import type { Recoveries } from './runs/recoveries.ts';
import { taskOf, unknownTask } from './runs/task.ts';

/**
 * The state of a task of `admin`. The task of another admin is an unknown one: whether it exists stays
 * private. (The server shows every task to every caller.)
 */
export function answerGetTask(
  recoveries: Recoveries,
  tenants: Tenants,
  admin: string,
  id: string | null,
): HTTPAnswer {
  if (id === null || id === '') {
    return errorAnswer(400, 'task_id query parameter is required');
  }
  const tenant = tenants.of(admin);
  if (!recoveries.isReadyFor(tenant)) {
    return retryLater(503, 'Failed to retrieve task status', 2);
  }
  const run = recoveries.find(tenant, id);
  const isTheirs =
    run !== undefined && run.spec.adminName === admin && run.spec.targetRef.name === tenant.target;
  return { status: 200, body: { data: isTheirs ? taskOf(run) : unknownTask(id), message: 'Task state.' } };
}
