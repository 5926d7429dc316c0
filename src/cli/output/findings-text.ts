import type { Finding } from '../../tuf/findings/finding.ts';
import { withFlagNames } from '../options/flag-names.ts';
import type { OutputStyle, Tone } from './style.ts';
import { terminalText } from './terminal-text.ts';
import { wrapText } from './wrap.ts';

const tones = { wall: 'bad', deny: 'bad', report: 'warning' } as const satisfies Record<
  Finding['severity'],
  Tone
>;

/** Findings of one kind that are shown in full; sixty roles with the same remark say no more than three. */
const shownPerKind = 3;

/**
 * The findings for people, one paragraph per kind in the order given: what was found, in which role, under
 * which clause, and what to do next.
 */
export function findingsText(findings: readonly Finding[], paint: OutputStyle): string {
  if (findings.length === 0) {
    return '';
  }
  const kinds = Map.groupBy(findings, ({ code, severity }) => `${severity} ${code}`);
  return `${paint('heading', 'Findings')}\n${[...kinds.values()].map((kind) => kindText(kind, paint)).join('')}`;
}

function kindText(findings: readonly Finding[], paint: OutputStyle): string {
  const [first] = findings;
  if (first === undefined) {
    return '';
  }
  const clause = first.check === 0 ? first.spec : `check ${first.check}, ${first.spec}`;
  const shown = findings.slice(0, shownPerKind).map((finding) => detailText(finding, paint));
  const others = findings.slice(shownPerKind).map(subject);
  const more =
    others.length === 0
      ? ''
      : wrapText(`… and the same for ${terminalText(others.join(', '))}.`, 6, paint.columns);
  return `  ${paint(tones[first.severity], first.code)}  ${paint('quiet', clause)}\n${shown.join('')}${more}`;
}

function detailText(finding: Finding, paint: OutputStyle): string {
  const { detail, override } = finding;
  const accept = override === undefined ? '' : ` To accept it nevertheless: ${override}.`;
  const text = terminalText(withFlagNames(`${detail}${accept}`));
  return `    ${paint('strong', terminalText(subject(finding)))}\n${wrapText(text, 6, paint.columns)}`;
}

function subject({ role, version }: Finding): string {
  return version === undefined ? role : `${role} ${version}`;
}
