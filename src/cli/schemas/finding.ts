import * as z from 'zod';
import type { Finding } from '../../tuf/findings/finding.ts';

/** One finding, as the machine formats show it. */
export const findingSchema: z.ZodType<Finding> = z.strictObject({
  code: z.string().describe('Stable; docs/reference/findings.md explains each.'),
  check: z.int().min(0).describe('Number of the check it belongs to; 0 for none.'),
  severity: z
    .enum(['wall', 'deny', 'report'])
    .describe('A wall refuses for good, a deny unless its override is given, a report informs.'),
  role: z.string().describe('As the metadata spells it.'),
  version: z
    .exactOptional(z.number().multipleOf(1))
    .describe('Of the metadata of the role, when one is known.'),
  spec: z.string().describe('Clause of the TUF specification, or the name of a policy of this project.'),
  detail: z.string().describe('What was found and what to do next.'),
  override: z.exactOptional(z.string()).describe('The setting that accepts a deny.'),
});
