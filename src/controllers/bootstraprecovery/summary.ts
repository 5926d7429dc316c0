import type { BootstrapRecoveryStatus } from '../../api/bootstraprecovery.generated.ts';
import { statusBounds } from '../../api/status-bounds.generated.ts';
import { rfc3339 } from '../../api/stored-time.ts';
import type { Outcome, StateVerification } from '../../recovery/outcome.ts';
import type { Action, ActionKind, Plan } from '../../recovery/plan/plan.ts';
import type { Finding } from '../../tuf/findings/finding.ts';
import type { RoleFacts, Trusted } from '../../tuf/verify/verification.ts';

/** Lists in the status are cut to what the schema admits when it is written; the report holds the rest. */
const { plan: planBounds, findings: findingsBounds } = statusBounds.BootstrapRecovery.properties;

/** Whether the status has room for everything these lists hold. */
export function fitsStatus({ plan, findings }: Pick<Outcome, 'plan' | 'findings'>): boolean {
  return (
    (plan?.actions.length ?? 0) <= planBounds.properties.actions.maxItems &&
    findings.length <= findingsBounds.maxItems
  );
}

type Summary<Field extends keyof BootstrapRecoveryStatus> = NonNullable<BootstrapRecoveryStatus[Field]>;

/** A plan as the status shows it: counts, and the first actions with those that change something first. */
export function planSummary({ digest, actions }: Plan): Summary<'plan'> {
  const count = (kind: ActionKind) => actions.filter((action) => action.kind === kind).length;
  const changing = actions.filter(({ kind }) => kind !== 'Keep');
  const keeping = actions.filter(({ kind }) => kind === 'Keep');
  return {
    digest,
    creates: count('Create'),
    replaces: count('Replace'),
    keeps: count('Keep'),
    persists: count('Persist'),
    deletes: count('Delete'),
    actions: [...changing, ...keeping].slice(0, planBounds.properties.actions.maxItems).map(actionSummary),
  };
}

function actionSummary({ key, kind, after, source, confidence }: Action) {
  return { key, kind, ...(after !== undefined && { value: after }), source, confidence };
}

/** What was verified, and which of it had expired at `now`. */
export function trustSummary(trusted: Trusted, now: Date): Summary<'trust'> {
  const { heads, root, timestamp, snapshot, targets, delegated } = trusted;
  const dated: readonly Pick<RoleFacts, 'role' | 'version' | 'expires'>[] = [
    { role: 'root', version: root.version, expires: root.expires },
    timestamp,
    snapshot,
    targets,
    ...delegated,
  ];
  const expired = dated.filter(({ expires }) => expires <= now);
  return {
    rootVersion: heads.root,
    timestampVersion: heads.timestamp,
    snapshotVersion: heads.snapshot,
    targetsVersion: heads.targets,
    delegatedRoles: heads.delegated.size,
    rootSHA256: root.sha256,
    expired: expired.map(({ role, version, expires }) => ({ role, version, expires: rfc3339(expires) })),
  };
}

/** The first findings; they come most severe first. */
export function findingsSummary(findings: readonly Finding[]): Summary<'findings'> {
  return findings
    .slice(0, findingsBounds.maxItems)
    .map(({ code, severity, check, role, version, detail, override }) => ({
      code,
      severity,
      check,
      role,
      ...(version !== undefined && { version }),
      detail,
      ...(override !== undefined && { override }),
    }));
}

/** What Redis held when it was last read in full. */
export function verificationSummary(verification: StateVerification): Summary<'verification'> {
  const { checkedKeys, missingKeys, invalidKeys, verifiedAt } = verification;
  return { checkedKeys, missingKeys, invalidKeys, verifiedAt: rfc3339(verifiedAt) };
}

/** A failure for `lastErrors`, in front of the earlier ones. */
export function withLastError(
  earlier: BootstrapRecoveryStatus['lastErrors'],
  failure: { readonly reason: string; readonly message: string },
  now: Date,
): Summary<'lastErrors'> {
  const newest = { time: rfc3339(now), ...failure };
  return [newest, ...(earlier ?? [])];
}
