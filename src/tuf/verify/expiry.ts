import { MetadataFault } from '../findings/fault.ts';
import { quoted } from '../findings/text.ts';
import type { Envelope } from '../metadata/envelope.ts';
import type { VerificationContext } from './verification-context.ts';

const DEFAULT_MAX_AGE_SECONDS = 30 * 24 * 60 * 60;

/**
 * Holds `expires` against the run's one reference time (spec 5.1): expired when it is not higher than that
 * time. Recovery reports it, because only the recovered server can sign anew, and denies what is expired
 * beyond the policy's age; strict refuses as clients do (5.3.10, 5.4.4, 5.5.6, 5.6.5).
 *
 * @throws MetadataFault under the strict policy, or one that refuses what is expired
 */
export function checkExpiry(run: VerificationContext, role: string, envelope: Envelope): void {
  const { version, expires } = envelope;
  if (!expires.plain) {
    run.findings.add('UnusualExpires', {
      role,
      version,
      detail: `expires is spelled ${quoted(expires.text)}`,
    });
  }
  const { now, policy } = run.options;
  const age = Math.floor((now.getTime() - expires.at) / 1000);
  if (now.getTime() < expires.at) {
    return;
  }
  const code = role === 'root' ? 'RootExpired' : 'MetadataExpired';
  const detail = `expired at ${new Date(expires.at).toISOString()}, ${describeAge(age)} ago`;
  if (run.strict || policy.refuseExpired === true) {
    throw new MetadataFault(code, detail);
  }
  const tooLong = role !== 'root' && age > (policy.maxExpiredAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS);
  run.findings.add(tooLong ? 'ExpiredTooLong' : code, { role, version, detail });
}

function describeAge(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  return days > 0 ? `${days} d ${hours} h` : `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
}
