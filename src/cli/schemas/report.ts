import * as z from 'zod';
import { runSteps } from '../../api/run-steps.ts';
import { states } from '../../recovery/state/state.ts';
import { findingSchema } from './finding.ts';
import { actionKindSchema, confidenceSchema, valueSourceSchema } from './outcome.ts';

const verdict = z.strictObject({ reason: z.string(), message: z.string() });
const time = z.iso.datetime();
const version = z.int().min(1);
const omitted = z.int().min(0).describe('Entries that the report has no room for.');

const action = z.strictObject({
  key: z.string(),
  kind: actionKindSchema,
  before: z
    .union([
      z.strictObject({ value: z.string() }),
      z.strictObject({ wrongType: z.string().describe('The Redis type that stands there.') }),
    ])
    .optional()
    .describe('Absent: the key was not there.'),
  after: z.string().optional().describe('Absent: the key is deleted.'),
  source: valueSourceSchema,
  confidence: confidenceSchema,
  doubt: z
    .strictObject({ candidates: z.array(z.string()), why: z.string() })
    .optional()
    .describe('Why the value may be wrong, and what else it may have been.'),
});

const heads = z.strictObject({
  root: version,
  timestamp: version,
  snapshot: version,
  targets: version,
  delegated: z
    .array(z.tuple([z.string(), version, time.nullable()]))
    .describe('Name, version and expiry of each delegated role.'),
  omittedDelegated: omitted,
});

/** What `report` prints of a run whose controller has this version: the content of its ConfigMap. */
export const reportSchema = z.strictObject({
  taskID: z.string(),
  succeeded: verdict.describe('How the last attempt ended.'),
  accepted: verdict.extend({ blockingTask: z.string().optional() }).optional(),
  trustVerified: verdict,
  stateVerified: verdict,
  state: z.enum(states).optional(),
  plan: z.strictObject({ digest: z.string(), actions: z.array(action), omittedActions: omitted }).optional(),
  heads: heads.optional(),
  expires: z.strictObject({ root: time, timestamp: time, snapshot: time, targets: time }).optional(),
  verification: z
    .strictObject({
      checkedKeys: z.int().min(0),
      missingKeys: z.int().min(0),
      invalidKeys: z.int().min(0),
      verifiedAt: time,
    })
    .optional()
    .describe('What was read back.'),
  steps: z.array(
    z.strictObject({
      step: z.enum(runSteps),
      startTime: time,
      milliseconds: z.number().min(0),
      times: z.int().min(1).describe('How often the step was entered.'),
    }),
  ),
  findings: z.array(findingSchema),
  omittedFindings: omitted,
});
