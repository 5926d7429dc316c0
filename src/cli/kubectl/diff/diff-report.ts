import * as z from 'zod';

/** One setting that Redis does not hold as the metadata tells it. */
export const settingDifference = z.strictObject({
  key: z.string().describe('The key in Redis.'),
  redis: z.string().nullable().describe('What Redis holds; null: nothing, or nothing of use.'),
  metadata: z.string().nullable().describe('What a recovery from the metadata would write.'),
  lost: z.boolean().describe('A recovery would write it; otherwise what Redis holds is valid and stays.'),
});

/** What `diff -o json` prints. */
export const diffReport = z.strictObject({
  app: z.string().describe('ADMIN/APP.'),
  run: z.string().describe('Name of the run that looked; it wrote nothing.'),
  state: z.string().nullable().describe('What the run found, for example FullLoss.'),
  reason: z.string().describe('How the run ended.'),
  message: z.string(),
  differences: z.array(settingDifference),
});

/** One setting that Redis does not hold as the metadata tells it. */
export type SettingDifference = z.infer<typeof settingDifference>;

/** What `diff -o json` prints. */
export type DiffReport = z.infer<typeof diffReport>;
