import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import type { OutputStyle } from '../output/style.ts';
import { tableText } from '../output/table.ts';
import { terminalText } from '../output/terminal-text.ts';
import { wrapText } from '../output/wrap.ts';
import { ageText } from './age.ts';
import { awaitsApproval, exitCodeOf, nextStepForReason, succeededOf, toneOf } from './run-result.ts';
import { progressText, runDurationText } from './status/run-table.ts';

type Rows = readonly (readonly string[])[];

/**
 * Everything a person asks about one run, in the order they ask it: how did it end, what now, why, what
 * exactly.
 */
export function describeRun(run: BootstrapRecovery, paint: OutputStyle, now: Date): string {
  const section = (title: string, rows: Rows): string =>
    rows.length === 0
      ? ''
      : `${paint('heading', title)}\n${tableText(
          rows.map((row) => row.map((cell) => terminalText(cell))),
          paint.columns,
        )}`;
  const sections = [
    section('Run', facts(run, now)),
    result(run, paint),
    section(planTitle(run), planRows(run)),
    section('Verified metadata', trustRows(run, now)),
    section('Redis, when last read', verificationRows(run)),
    findings(run, paint),
    section(
      'Last errors',
      (run.status.lastErrors ?? []).map((each) => [
        `${ageText(each.time, now)} ago`,
        each.reason,
        each.message,
      ]),
    ),
    section(
      'Conditions',
      (run.status.conditions ?? []).map(({ type, status, reason }) => [type, status, reason]),
    ),
  ];
  return sections.filter((each) => each !== '').join('\n');
}

function facts(run: BootstrapRecovery, now: Date): Rows {
  const { metadata, spec, status } = run;
  const { attempts, reportRef } = status;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Name', metadata.name],
    ['Namespace', metadata.namespace],
    ['App', `${spec.appName} of ${spec.adminName}`],
    ['Target', spec.targetRef.name],
    ['Mode', `${spec.mode}, strategy ${spec.strategy}, approval ${spec.approval}`],
    ['Task', status.taskID],
    ['Found', status.state],
    [
      'Attempts',
      attempts === undefined
        ? undefined
        : `${attempts}, retries allowed: ${spec.backoffLimit ?? 'until timeoutSeconds'}`,
    ],
    ['Progress', exitCodeOf(run) === undefined ? progressText(run, false) : undefined],
    ['Duration', runDurationText(run, now)],
    ['Age', ageText(metadata.creationTimestamp, now)],
    [
      'Report',
      reportRef && `kubectl tuf-recovery report ${metadata.name} -n ${metadata.namespace ?? 'default'}`,
    ],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function result(run: BootstrapRecovery, paint: OutputStyle): string {
  const succeeded = succeededOf(run);
  if (succeeded === undefined) {
    const hint =
      'The controller has not seen this run yet. Is it installed, and does it watch this namespace?';
    return `${paint('heading', 'Result')}\n  ${paint('warning', 'Pending')}\n${wrapText(hint, 2, paint.columns)}`;
  }
  const lines = [
    `${paint('heading', 'Result')}\n  ${paint(toneOf(run), terminalText(succeeded.reason))}\n`,
    wrapText(terminalText(succeeded.message), 2, paint.columns),
  ];
  const next = awaitsApproval(run)
    ? 'Read the plan below. If it is right:'
    : nextStepForReason(succeeded.reason);
  if (next !== '') {
    lines.push(`  ${paint('strong', 'What to do')}\n${wrapText(next, 2, paint.columns)}`);
  }
  if (awaitsApproval(run)) {
    const { name, namespace = 'default' } = run.metadata;
    const digest = run.status.plan?.digest ?? '';
    lines.push(`    kubectl tuf-recovery approve ${name} -n ${namespace} --digest ${digest}\n`);
  }
  return lines.join('');
}

/** "3 created" is said of a plan that was applied; until then it is "3 to create". */
function planTitle(run: BootstrapRecovery): string {
  const { plan } = run.status;
  if (plan === undefined) {
    return 'Plan';
  }
  const isApplied = succeededOf(run)?.reason === 'Recovered';
  const counts = [
    [plan.creates, isApplied ? 'created' : 'to create'],
    [plan.replaces, isApplied ? 'replaced' : 'to replace'],
    [plan.persists, isApplied ? 'freed of a time to live' : 'to free of a time to live'],
    [plan.deletes, isApplied ? 'deleted' : 'to delete'],
    [plan.keeps, isApplied ? 'kept' : 'to keep'],
  ] as const;
  const parts = counts.flatMap(([count, word]) => (count === 0 ? [] : [`${count} ${word}`]));
  // The digest on a line of its own, where a double click selects it.
  return `Plan  ${parts.join(', ')}\n  ${plan.digest}`;
}

function planRows({ status: { plan } }: BootstrapRecovery): Rows {
  if (plan?.actions === undefined) {
    return [];
  }
  const rows = plan.actions.map(({ kind, key, value, source, confidence }) => [
    kind,
    key,
    value === '' ? '""' : (value ?? ''),
    source,
    confidence,
  ]);
  return [['', 'key', 'value', 'source', 'confidence'], ...rows];
}

function trustRows({ status: { trust } }: BootstrapRecovery, now: Date): Rows {
  if (trust === undefined) {
    return [];
  }
  return [
    ['root', `version ${trust.rootVersion}`, `sha256:${trust.rootSHA256}`],
    ['timestamp', `version ${trust.timestampVersion}`],
    ['snapshot', `version ${trust.snapshotVersion}`],
    ['targets', `version ${trust.targetsVersion}`],
    ['delegated', `${trust.delegatedRoles} roles`],
    ...(trust.expired ?? []).map(({ role, version, expires }) => [
      role,
      `version ${version}`,
      `expired ${ageText(expires, now)} ago, on ${expires}`,
    ]),
  ];
}

function verificationRows({ status: { verification } }: BootstrapRecovery): Rows {
  if (verification === undefined) {
    return [];
  }
  const { checkedKeys, missingKeys, invalidKeys } = verification;
  return [[`${checkedKeys} keys read`, `${missingKeys} missing`, `${invalidKeys} invalid`]];
}

function findings({ status }: BootstrapRecovery, paint: OutputStyle): string {
  const all = status.findings ?? [];
  if (all.length === 0) {
    return '';
  }
  const shown = all.map(({ severity, code, role, detail, override }) => {
    const head = `  ${paint(severity === 'report' ? 'warning' : 'bad', terminalText(code))}  ${terminalText(role)}`;
    const accept =
      override === undefined
        ? ''
        : wrapText(`To accept it nevertheless: spec.${override} in a new run.`, 6, paint.columns);
    return `${head}\n${wrapText(terminalText(detail), 6, paint.columns)}${accept}`;
  });
  return `${paint('heading', 'Findings')}\n${shown.join('')}`;
}
