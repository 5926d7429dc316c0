import type { Finding } from '../tuf/finding.ts';
import { withFlagNames } from './flag-names.ts';
import type { Paint, Tone } from './style.ts';
import { terminalText } from './terminal-text.ts';
import { wrap } from './wrap.ts';

const tones = { wall: 'bad', deny: 'bad', report: 'warning' } as const satisfies Record<
  Finding['severity'],
  Tone
>;

/** No person reads more; the machine formats hold all. */
const mostShown = 20;

/** The findings for people: what was found, in which role, under which clause, and what to do next. */
export function findingsText(findings: readonly Finding[], paint: Paint): string {
  if (findings.length === 0) return '';
  const shown = findings.slice(0, mostShown).map((finding) => {
    const where = `${finding.role}${finding.version === undefined ? '' : ` ${finding.version}`}`;
    const head = `${paint(tones[finding.severity], finding.code)}  ${terminalText(where)}`;
    const clause = paint('quiet', `check ${finding.check}, ${finding.spec}`);
    const accept = finding.override === undefined ? [] : [`To accept it nevertheless: ${finding.override}.`];
    const body = [finding.detail, ...accept];
    return `  ${head}  ${clause}\n${body.map((text) => wrap(terminalText(withFlagNames(text)), 6)).join('')}`;
  });
  const more = findings.length - shown.length;
  const rest = more > 0 ? paint('quiet', `  … and ${more} more; -o json shows them all\n`) : '';
  return `${paint('heading', 'Findings')}\n${shown.join('')}${rest}`;
}
