import * as z from 'zod';
import { taskStates } from '../runs/task.ts';

/** Bodies of requests and answers, for the OpenAPI document and its tests. The server's names and forms. */

/** Body of every error. */
export const errorBody = z
  .object({
    error: z.string().meta({ description: 'What is wrong. Clients of the server match on this text.' }),
    message: z.string().meta({ description: "The same text, where the server's dashboard looks for it." }),
  })
  .meta({ id: 'Error' });

/** What the BootstrapRecovery schema allows; the server knows no bound. */
export const MAX_APP_NAME_LENGTH = 253;

/** Name of an app. */
export const appName = z
  .string()
  .max(MAX_APP_NAME_LENGTH)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9-]*$/);

/**
 * Body of a recovery request. More is accepted than this says, exactly as the server does: see the reference
 * page.
 */
export const recoveryRequest = z
  .object({
    appName: appName.meta({ description: 'The app, spelled as on the server.' }),
    timeout: z.int().nullish().meta({
      description:
        'Seconds one recovery may take. Absent, null, 0 and negative mean 300, and so does more than 300.',
    }),
  })
  .meta({ id: 'RecoveryRequest' });

/** Body of a 202. */
export const recoveryAccepted = z
  .object({
    data: z.object({
      last_update: z.iso.datetime({ offset: true }),
      task_id: z
        .uuid()
        .meta({ description: 'Ask `GET /tuf/v1/task` about it. It is the uid of the BootstrapRecovery.' }),
    }),
    message: z.literal('Bootstrap recovery accepted and started in background'),
  })
  .meta({ id: 'RecoveryAccepted' });

/** Body of a task's state. */
export const taskBody = z
  .object({
    data: z.object({
      task_id: z.string(),
      state: z.enum(taskStates),
      result: z
        .object({
          message: z.string().optional(),
          error: z.string().optional(),
          status: z.boolean().optional().meta({ description: 'Absent until the task is over.' }),
          task: z.literal('bootstrap_recovery'),
          last_update: z.iso.datetime({ offset: true }),
        })
        .optional()
        .meta({ description: 'Absent when the id is not known.' }),
    }),
    message: z.literal('Task state.'),
  })
  .meta({ id: 'TaskState' });

/** Body of the probes. */
export const healthBody = z
  .object({ status: z.string(), reason: z.string().optional() })
  .meta({ id: 'Health' });
