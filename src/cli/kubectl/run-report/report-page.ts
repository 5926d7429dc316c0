import type { BootstrapRecovery } from '../../../api/bootstraprecovery.generated.ts';
import { durationText } from '../../output/duration-text.ts';
import { nextStepForReason, succeededOf } from '../run-result.ts';
import { html, type Markup } from './html.ts';
import { parseReportContent, type ReportContent } from './report-content.ts';

/** Nothing is loaded from anywhere: the page is the same in ten years, and offline. */
const policy = html`default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'`;

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid #8886; vertical-align: top; }
code { overflow-wrap: anywhere; }
.bar { background: #47c; height: 0.75rem; min-width: 1px; }
.result { font-size: 1.25rem; border-left: 0.4rem solid #888; padding-left: 0.75rem; }
.True { border-color: #2a2; } .False { border-color: #c33; }
`;

/**
 * One page about one run, with everything in it: result, steps with their durations, plan, metadata,
 * findings.
 *
 * @param json the report as the controller wrote it; what can't be read of it is left out
 */
export function reportPage(run: BootstrapRecovery, json: string, now: Date): string {
  const report = parseReportContent(json);
  const { metadata, spec } = run;
  const title = `${spec.adminName}/${spec.appName}: ${succeededOf(run)?.reason ?? 'Pending'}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${resultSection(run)}
${factsSection(run)}
${report === undefined ? html`<p>The report can't be read.</p>` : reportSections(report)}
</main>
<footer><p>BootstrapRecovery ${metadata.namespace ?? ''}/${metadata.name}, shown at ${now.toISOString()}.</p></footer>
</body>
</html>
`;
  return page.text;
}

function resultSection(run: BootstrapRecovery): Markup {
  const { status = 'Unknown', reason = 'Pending', message = '' } = succeededOf(run) ?? {};
  const next = nextStepForReason(reason);
  return html`<p class="result ${status}"><strong>${reason}</strong><br>${message}</p>
${next === '' ? '' : html`<p><strong>What to do:</strong> ${next}</p>`}`;
}

function factsSection({ spec, status }: BootstrapRecovery): Markup {
  const { startTime, completionTime } = status;
  const took =
    startTime === undefined || completionTime === undefined
      ? undefined
      : durationText(Date.parse(completionTime) - Date.parse(startTime));
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Target', spec.targetRef.name],
    ['Mode', `${spec.mode}, strategy ${spec.strategy}, approval ${spec.approval}`],
    ['Found', status.state],
    ['Task', status.taskID],
    ['Started', startTime],
    ['Took', took],
  ];
  return html`<h2>Run</h2>
<table>${rows.flatMap(([name, value]) =>
    value === undefined ? [] : [html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`],
  )}</table>`;
}

function reportSections({ plan, heads, expires, steps, findings, omittedFindings }: ReportContent): Markup {
  return html`${steps.length === 0 ? '' : stepsSection(steps)}
${plan === undefined ? '' : planSection(plan)}
${heads === undefined ? '' : headsSection(heads, expires ?? {})}
${findings.length === 0 ? '' : findingsSection(findings, omittedFindings)}`;
}

function stepsSection(steps: ReportContent['steps']): Markup {
  const longest = Math.max(1, ...steps.map(({ milliseconds }) => milliseconds));
  return html`<h2>Steps</h2>
<table>${steps.map(
    ({ step, milliseconds }) =>
      html`<tr><th scope="row">${step}</th><td>${milliseconds} ms</td><td style="width: 60%"><div class="bar" style="width: ${Math.round((100 * milliseconds) / longest)}%"></div></td></tr>`,
  )}</table>`;
}

function planSection({ digest, actions, omittedActions }: NonNullable<ReportContent['plan']>): Markup {
  return html`<h2>Plan</h2>
<p><code>${digest}</code></p>
<table><thead><tr><th>Action</th><th>Key</th><th>Value</th><th>Source</th><th>Confidence</th></tr></thead>
<tbody>${actions.map(
    ({ kind, key, after, source, confidence }) =>
      html`<tr><td>${kind}</td><td><code>${key}</code></td><td><code>${after ?? ''}</code></td><td>${source}</td><td>${confidence}</td></tr>`,
  )}</tbody></table>${omitted(omittedActions)}`;
}

function headsSection(
  { root, timestamp, snapshot, targets, delegated }: NonNullable<ReportContent['heads']>,
  expires: Readonly<Record<string, string>>,
): Markup {
  return html`<h2>Verified metadata</h2>
<table><thead><tr><th>Role</th><th>Version</th><th>Expires</th></tr></thead>
<tbody>${Object.entries({ root, timestamp, snapshot, targets }).map(
    ([role, version]) =>
      html`<tr><th scope="row">${role}</th><td>${version}</td><td>${expires[role] ?? ''}</td></tr>`,
  )}<tr><th scope="row">delegated</th><td>${delegated.length === 1 ? 'one role' : `${delegated.length} roles`}</td><td></td></tr></tbody></table>`;
}

function findingsSection(findings: ReportContent['findings'], more: number): Markup {
  return html`<h2>Findings</h2>
<table><thead><tr><th>Finding</th><th>Role</th><th>Detail</th></tr></thead>
<tbody>${findings.map(
    ({ code, role, detail }) => html`<tr><td>${code}</td><td>${role}</td><td>${detail}</td></tr>`,
  )}</tbody></table>${omitted(more)}`;
}

function omitted(count: number): Markup {
  return count > 0 ? html`<p>… and ${count} more, which the report does not hold.</p>` : html``;
}
