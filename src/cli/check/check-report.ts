import * as z from 'zod';

/** One line of a checklist. What is not ok says what to do. */
export const checkItem = z.discriminatedUnion('result', [
  z.strictObject({
    name: z.string().describe('What was checked; stable.'),
    result: z.literal('ok'),
    message: z.string().describe('What was found.'),
  }),
  z.strictObject({
    name: z.string().describe('What was checked; stable.'),
    result: z.enum(['warning', 'failed']).describe('A warning leaves recoveries possible.'),
    message: z.string().describe('What was found.'),
    fix: z.string().describe('What to do.'),
  }),
  z.strictObject({
    name: z.string().describe('What was checked; stable.'),
    result: z.literal('skipped'),
    message: z.string().describe('Why it was not checked.'),
  }),
]);

/** What `check -o json` prints. */
export const checkReport = z.strictObject({
  passed: z.boolean().describe('No item failed: the exit code is 0.'),
  items: z.array(checkItem),
});

/** One line of a checklist. */
export type CheckItem = z.infer<typeof checkItem>;

/** A whole checklist. */
export type CheckReport = z.infer<typeof checkReport>;
