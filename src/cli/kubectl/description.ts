import type { BootstrapRecovery } from '../../api/bootstraprecovery.generated.ts';
import { terminalText } from '../terminal-text.ts';
import { age } from './age.ts';
import { progressOf } from './run-table.ts';
import { styled } from './style.ts';
import { table } from './table.ts';
import { reasonDocOf, styleOf, succeededOf } from './verdict.ts';

/** Everything a person asks about one run, in the order they ask it: how did it end, what now, why, what exactly. */
export function describeRun(run: BootstrapRecovery, color: boolean, now: Date): string {
  const { metadata, spec, status } = run;
  const heading = (text: string) => styled(color, 'heading', text);
  const facts: [string, string | undefined][] = [
    ['Name', metadata.name],
    ['Namespace', metadata.namespace],
    ['App', `${spec.appName} of ${spec.adminName}`],
    ['Target', spec.targetRef.name],
    ['Mode', `${spec.mode}, strategy ${spec.strategy}, approval ${spec.approval}`],
    ['Task', status.taskID],
    ['Found', status.state],
    [
      'Attempts',
      status.attempts === undefined
        ? undefined
        : `${status.attempts} (retries allowed: ${spec.backoffLimit})`,
    ],
    ['Age', age(metadata.creationTimestamp, now)],
    ['Progress', progressOf(run, color)],
    [
      'Report',
      status.reportRef &&
        `kubectl tuf-recovery report ${metadata.name} -n ${metadata.namespace ?? 'default'}`,
    ],
  ];
  const known = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [[heading(name), terminalText(value)]],
  );
  const sections = [table([], known), result(run, color), ...details(run, color, now)];
  return sections.filter((section) => section !== '').join('\n');
}

function result(run: BootstrapRecovery, color: boolean): string {
  const succeeded = succeededOf(run);
  if (succeeded === undefined) {
    return `${styled(color, 'waiting', 'Pending')}: the controller has not seen this run yet. Is it installed, and does it watch this namespace?\n`;
  }
  const doc = reasonDocOf(succeeded.reason);
  const lines = [`${styled(color, styleOf(run), succeeded.reason)}: ${terminalText(succeeded.message)}`];
  if (doc !== undefined && doc.next !== '')
    lines.push(`${styled(color, 'heading', 'What to do:')} ${doc.next}`);
  if (succeeded.reason === 'AwaitingApproval') {
    const { name, namespace = 'default' } = run.metadata;
    lines.push(
      `  kubectl tuf-recovery approve ${name} -n ${namespace} --digest ${run.status.plan?.digest ?? ''}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function details({ status }: BootstrapRecovery, color: boolean, now: Date): readonly string[] {
  const section = (title: string, rows: readonly (readonly string[])[], header: readonly string[] = []) =>
    rows.length === 0
      ? ''
      : `${styled(color, 'heading', title)}\n${indent(
          table(
            header,
            rows.map((row) => row.map(terminalText)),
          ),
        )}`;
  const { plan, trust, verification } = status;
  return [
    plan === undefined
      ? ''
      : section(
          `Plan: ${plan.creates} to create, ${plan.replaces} to replace, ${plan.keeps} to keep, ${plan.persists} to persist, ${plan.deletes} to delete (${plan.digest})`,
          (plan.actions ?? []).map(({ kind, key, value, source, confidence }) => [
            kind,
            key,
            value ?? '',
            source,
            confidence,
          ]),
          ['DO', 'KEY', 'VALUE', 'FROM', 'CONFIDENCE'],
        ),
    trust === undefined
      ? ''
      : section('Verified metadata', [
          ['root', `version ${trust.rootVersion}`, `sha256:${trust.rootSHA256}`],
          ['timestamp', `version ${trust.timestampVersion}`],
          ['snapshot', `version ${trust.snapshotVersion}`],
          ['targets', `version ${trust.targetsVersion}`],
          ['delegated', `${trust.delegatedRoles} roles`],
          ...(trust.expired ?? []).map(({ role, version, expires }) => [
            'expired',
            `${role} version ${version}`,
            `${age(expires, now)} ago, on ${expires}`,
          ]),
        ]),
    verification === undefined
      ? ''
      : section('Redis afterwards', [
          [
            `${verification.checkedKeys} keys read`,
            `${verification.missingKeys} missing`,
            `${verification.invalidKeys} invalid`,
          ],
        ]),
    section(
      'Findings',
      (status.findings ?? []).map(({ severity, code, role, detail, override }) => [
        severity,
        code,
        role,
        override === undefined ? detail : `${detail} (spec.${override} accepts it)`,
      ]),
    ),
    section(
      'Last errors',
      (status.lastErrors ?? []).map(({ time, reason, message }) => [
        `${age(time, now)} ago`,
        reason,
        message,
      ]),
    ),
    section(
      'Conditions',
      (status.conditions ?? []).map(({ type, status: value, reason, message }) => [
        type,
        value,
        reason,
        message,
      ]),
    ),
  ];
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
