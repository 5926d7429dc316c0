import * as z from 'zod';

/** As much of a run's report as the page shows. */
export interface RunReport {
  readonly actions: readonly ReportedAction[];
  /** Actions that the report or this reader left out. */
  readonly omittedActions: number;
  readonly steps: readonly { readonly step: string; readonly milliseconds: number }[];
  readonly delegated: readonly ReportedRole[];
  readonly omittedRoles: number;
  /** Versions of the other roles, and when they expire. */
  readonly heads: Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets', number>> | undefined;
  readonly expires: Readonly<Record<string, string>>;
}

/** One delegated role. */
export interface ReportedRole {
  readonly role: string;
  readonly version: number;
  /** The instant it expires, when known. */
  readonly expires: string | undefined;
}

/** One action of the plan. */
export interface ReportedAction {
  readonly key: string;
  readonly kind: string;
  readonly value?: string | undefined;
  readonly source: string;
  readonly confidence: string;
}

/** The longest lists that are kept of one report: a page with more rows helps no one. */
const MOST_ACTIONS = 512;
const MOST_ROLES = 256;

const document = z.object({
  plan: z
    .object({
      actions: z.array(
        z.object({
          key: z.string(),
          kind: z.string(),
          after: z.string().optional(),
          source: z.string(),
          confidence: z.string(),
        }),
      ),
      omittedActions: z.number().default(0),
    })
    .optional(),
  heads: z
    .object({
      root: z.number(),
      timestamp: z.number(),
      snapshot: z.number(),
      targets: z.number(),
      delegated: z.array(z.tuple([z.string(), z.number()]).rest(z.string().nullable())).default([]),
      omittedDelegated: z.number().default(0),
    })
    .optional(),
  expires: z.record(z.string(), z.string()).default({}),
  steps: z.array(z.object({ step: z.string(), milliseconds: z.number() })).default([]),
});

/**
 * Reads a report; undefined when it is none. Reports of older controllers lack steps and expiry.
 *
 * @param text content of `report.json` in the ConfigMap
 */
export function parseReport(text: string): RunReport | undefined {
  const parsed = document.safeParse(json(text));
  if (!parsed.success) {
    return undefined;
  }
  const { plan, heads, expires, steps } = parsed.data;
  // What changes something is what people look for; a report is sorted by key.
  const actions = (plan?.actions ?? []).toSorted(
    (a, b) => Number(a.kind === 'Keep') - Number(b.kind === 'Keep'),
  );
  const delegated = heads?.delegated ?? [];
  return {
    actions: actions.slice(0, MOST_ACTIONS).map(({ after, ...action }) => ({ ...action, value: after })),
    omittedActions: (plan?.omittedActions ?? 0) + Math.max(0, actions.length - MOST_ACTIONS),
    steps,
    delegated: delegated.slice(0, MOST_ROLES).map(([role, version, expires]) => ({
      role,
      version,
      expires: expires ?? undefined,
    })),
    omittedRoles: (heads?.omittedDelegated ?? 0) + Math.max(0, delegated.length - MOST_ROLES),
    heads,
    expires,
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema, as any other text that is no report
  }
}
