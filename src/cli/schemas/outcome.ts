import * as z from 'zod';
import { type SucceededReason, succeededReasons } from '../../api/reasons.ts';
import { states } from '../../recovery/state/state.ts';
import type { ActionJSON, OutcomeJSON } from '../output/outcome-json.ts';
import { findingSchema } from './finding.ts';
import { headsSchema } from './verification.ts';

/** Of the vocabulary, so that a schema never lacks a reason. */
const reasons = Object.keys(succeededReasons) as SucceededReason[];

/** What happens to a key. */
export const actionKindSchema = z.enum(['Create', 'Replace', 'Keep', 'Persist', 'Delete']);
/** Where a value comes from. */
export const valueSourceSchema = z.enum([
  'Survivor',
  'Override',
  'Captured',
  'Inferred',
  'Metadata',
  'Remaining',
  'Default',
]);
/** How sure the run is of a value. */
export const confidenceSchema = z.enum(['exact', 'high', 'medium', 'low']);

const action: z.ZodType<ActionJSON> = z.strictObject({
  key: z.string().describe('The key in Redis.'),
  kind: actionKindSchema,
  before: z.string().nullable().describe('What Redis holds; null: nothing, or no string.'),
  beforeType: z.exactOptional(z.string()).describe('The Redis type that stands there instead of a string.'),
  after: z.string().nullable().describe('What Redis holds afterwards; null: nothing.'),
  source: valueSourceSchema,
  confidence: confidenceSchema,
});

/** What `plan -o json` and `recover -o json` print. */
export const outcomeSchema: z.ZodType<OutcomeJSON> = z.strictObject({
  outcome: z.enum(['Recovered', 'AlreadyConsistent', 'RecoveryNeeded', 'Failed', 'TimedOut']),
  reason: z.enum(reasons).describe('docs/reference/conditions.md explains each.'),
  message: z.string().describe('What happened and what to do next.'),
  state: z.enum(states).nullable().describe('What was found; null when the run did not get that far.'),
  taskID: z.string().describe('What the restored marker holds.'),
  plan: z
    .strictObject({
      digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/)
        .describe('What --approve takes.'),
      actions: z.array(action),
    })
    .nullable(),
  heads: headsSchema.nullable().describe('null when nothing was proven.'),
  findings: z.array(findingSchema),
});
