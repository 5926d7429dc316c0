import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { BootstrapState } from '../../api/bootstrapstate.generated.ts';
import { expiryGauge } from './expiry.ts';
import type { ChainLink } from './model.ts';
import type { RunReport } from './report.ts';

interface Known {
  readonly version: number;
  readonly expires?: string | undefined;
  readonly warn?: string | undefined;
}

/** Roles from the root down, which every app has. */
const topRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const;

/**
 * The chain of trust, root first: of the state, which is kept up to date, and of the newest run that verified
 * it, where that has seen a newer version or the state has none.
 */
export function chainLinks(
  state: BootstrapState | undefined,
  run: BootstrapRecovery | undefined,
  report: RunReport | undefined,
  now: Date,
): readonly ChainLink[] {
  const top = topRoles.flatMap((role) => {
    const known = newer(ofState(state, role), ofRun(run, report, role));
    return known === undefined ? [] : [link(role, known, false, now)];
  });
  const roles = new Map<string, Known>(
    report?.delegated.map(({ role, version, expires }) => [role, { version, expires }]),
  );
  const first = state?.status.metadata?.delegated;
  if (first !== undefined) {
    const { role, version, expiresTime, warnTime } = first;
    const known = newer({ version, expires: expiresTime, warn: warnTime }, roles.get(role));
    roles.set(role, known ?? { version });
  }
  return [...top, ...[...roles].map(([role, known]) => link(role, known, true, now))];
}

/** Of the same version, the state knows more. */
function newer(state: Known | undefined, run: Known | undefined): Known | undefined {
  return state === undefined || (run !== undefined && run.version > state.version) ? run : state;
}

function ofState(state: BootstrapState | undefined, role: (typeof topRoles)[number]): Known | undefined {
  const known = state?.status.metadata?.[role];
  return known && { version: known.version, expires: known.expiresTime, warn: known.warnTime };
}

function ofRun(
  run: BootstrapRecovery | undefined,
  report: RunReport | undefined,
  role: (typeof topRoles)[number],
): Known | undefined {
  const version = report?.heads?.[role] ?? run?.status.trust?.[`${role}Version`];
  const expired = run?.status.trust?.expired?.find((each) => each.role === role)?.expires;
  return version === undefined ? undefined : { version, expires: report?.expires[role] ?? expired };
}

function link(role: string, { version, expires, warn }: Known, delegated: boolean, now: Date): ChainLink {
  return {
    role,
    delegated,
    version,
    expiry: expiryGauge(expires, warn, now),
    ...(expires !== undefined && { expires }),
  };
}
