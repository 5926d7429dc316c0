import * as z from 'zod';

const text = z.string().catch('');
const verdict = z.object({ reason: text, message: text });

/** What is read of a report; a newer controller may write more, and an older one less. */
const reportContent = z.object({
  succeeded: verdict.optional(),
  state: z.string().optional(),
  plan: z
    .object({
      digest: text,
      actions: z.array(
        z.object({ kind: text, key: text, after: z.string().optional(), source: text, confidence: text }),
      ),
      omittedActions: z.number().catch(0),
    })
    .optional(),
  heads: z
    .object({
      root: z.number(),
      timestamp: z.number(),
      snapshot: z.number(),
      targets: z.number(),
      delegated: z.array(z.unknown()).catch([]),
    })
    .optional(),
  expires: z.record(z.string(), z.string()).optional(),
  steps: z.array(z.object({ step: text, milliseconds: z.number() })).catch([]),
  findings: z.array(z.object({ severity: text, code: text, role: text, detail: text })).catch([]),
  omittedFindings: z.number().catch(0),
});

/** What is read of a report. */
export type ReportContent = z.infer<typeof reportContent>;

/** Reads the JSON of a report; undefined when it is none. */
export function parseReportContent(json: string): ReportContent | undefined {
  try {
    return reportContent.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
