import type { Version } from '../../tuf/metadata/version.ts';
import type { Trusted } from '../../tuf/verify/verification.ts';
import { durationText } from './duration-text.ts';
import type { OutputStyle } from './style.ts';
import { tableText } from './table.ts';
import { terminalText } from './terminal-text.ts';

/** No person reads more; the machine formats hold all. */
const mostDelegated = 20;

/** The verified heads for people: role, version, expiry as seen at the reference time. */
export function headsText(trusted: Trusted<Version>, now: Date, paint: OutputStyle): string {
  const row = (role: string, version: Version, expires: Date): string[] => [
    terminalText(role),
    String(version),
    expiryText(expires, now, paint),
  ];
  const { root, timestamp, snapshot, targets, delegated } = trusted;
  const rows = [
    [paint('quiet', 'role'), paint('quiet', 'version'), paint('quiet', 'expires')],
    row('root', root.version, root.expires),
    row('timestamp', timestamp.version, timestamp.expires),
    row('snapshot', snapshot.version, snapshot.expires),
    row('targets', targets.version, targets.expires),
    ...delegated.slice(0, mostDelegated).map((role) => row(role.role, role.version, role.expires)),
  ];
  const more = delegated.length - mostDelegated;
  const rest =
    more > 0 ? paint('quiet', `  … and ${more} more delegated roles; -o json shows them all\n`) : '';
  return `${tableText(rows, paint.columns)}${rest}`;
}

function expiryText(expires: Date, now: Date, paint: OutputStyle): string {
  const left = expires.getTime() - now.getTime();
  const date = expires.toISOString().replace('.000Z', 'Z');
  return left > 0
    ? `${date}  in ${durationText(left)}`
    : `${date}  ${paint('warning', `expired ${durationText(left)} ago`)}`;
}
