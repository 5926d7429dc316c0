import * as z from 'zod';
import type { HeadsJSON, VerificationJSON } from '../output/verification-json.ts';
import { findingSchema } from './finding.ts';

/** Of any size: some repositories count in nanoseconds. Zod's own integer ends at 2^53. */
const version = z.number().min(1).multipleOf(1);

/** The versions at the end of the chain. */
export const headsSchema: z.ZodType<HeadsJSON> = z.strictObject({
  root: version,
  timestamp: version,
  snapshot: version,
  targets: version,
  delegated: z.record(z.string(), version).describe('Version of each delegated role, by its name.'),
});

/** What `verify -o json` prints. */
export const verificationSchema: z.ZodType<VerificationJSON> = z.strictObject({
  verdict: z.enum(['trusted', 'refused']),
  heads: headsSchema.nullable().describe('null when refused: nothing was proven then.'),
  findings: z.array(findingSchema).describe('The one that refuses comes first.'),
  error: z
    .exactOptional(
      z.strictObject({
        code: z.string().describe('Stable.'),
        message: z.string().describe('With what to do.'),
      }),
    )
    .describe('Why the repository cannot be read at all.'),
});
