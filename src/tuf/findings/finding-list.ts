import type { Version } from '../metadata/version.ts';
import type { VerifyPolicy } from '../verify/verification.ts';
import type { Finding, Severity } from './finding.ts';
import { FINDINGS, type FindingCode, type FindingKind, INVALID_DELEGATION_SETTING } from './findings.ts';
import { shorten } from './text.ts';

/** Whom and what a finding is about. */
export interface FindingSubject {
  readonly role: string;
  readonly version?: Version | undefined;
  /** What was found in this case; what to do next is added from the kind of finding. */
  readonly detail: string;
}

/**
 * How many findings of one kind are listed one by one; 16,384 expired roles say no more than the first
 * thousand.
 */
export const MAX_PER_KIND = 1000;
/** How many of one kind are held before all but the first thousand are dropped. */
const MAX_HELD = 4 * MAX_PER_KIND;

/** Longest role and detail, in UTF-16 units: what they quote is cut before, this is the last line. */
const MAX_ROLE = 256;
const MAX_DETAIL = 1000;

/** Findings of one kind and weight: the first in the documented order, and how many there were. */
interface Group {
  findings: Finding[];
  dropped: number;
}

const WEIGHT: Readonly<Record<Severity, number>> = { wall: 0, deny: 1, report: 2 };

/**
 * Collects the findings of one run, weighs them by policy and puts them in the documented order. Holds at
 * most a few thousand of a kind, whatever the bucket holds.
 */
export class FindingList {
  readonly #groups = new Map<string, Group>();
  readonly #policy: VerifyPolicy;

  constructor(policy: VerifyPolicy) {
    this.#policy = policy;
  }

  /** Adds a finding with the weight its kind has under the policy. */
  add(code: FindingCode, subject: FindingSubject): void {
    const kind = kindOf(code);
    this.#push(code, kind, this.#severityOf(kind), subject, kind.override);
  }

  /** Adds a finding whose override the person has given: it informs, and names the answer. */
  addAccepted(code: FindingCode, subject: FindingSubject): void {
    this.#push(code, kindOf(code), 'report', subject, undefined);
  }

  /**
   * Adds a fault of one delegated role's file: a wall elsewhere, here a *deny* that `Skip` turns into a
   * report.
   */
  addForDelegated(code: FindingCode, subject: FindingSubject): void {
    const kind = kindOf(code);
    const weighed = this.#severityOf(kind);
    if (weighed !== 'wall') {
      this.#push(code, kind, weighed, subject, kind.override);
    } else if (this.#policy.onInvalidDelegation === 'Skip') {
      this.#push(code, kind, 'report', subject, undefined);
    } else {
      this.#push(code, kind, 'deny', subject, INVALID_DELEGATION_SETTING);
    }
  }

  /**
   * Refusing findings first, then by severity, check, role, version, code and detail; a rollback before what
   * follows from it. Beyond the first thousand of a kind, the last one that is kept says how many more there
   * are.
   */
  sorted(): readonly Finding[] {
    const kept: Finding[] = [];
    for (const { findings, dropped } of this.#groups.values()) {
      const first = findings.toSorted(compareFindings).slice(0, MAX_PER_KIND);
      const more = dropped + findings.length - first.length;
      const last = first.at(-1);
      if (last !== undefined && more > 0) {
        first[first.length - 1] = { ...last, detail: `${last.detail} (And ${more} more.)` };
      }
      kept.push(...first);
    }
    return kept.sort(compareFindings);
  }

  /** Whether anything found so far refuses the repository. */
  get refuses(): boolean {
    return [...this.#groups.values()].some(({ findings }) => findings[0]?.severity !== 'report');
  }

  #groupOf(key: string): Group {
    const known = this.#groups.get(key);
    if (known !== undefined) {
      return known;
    }
    const group: Group = { findings: [], dropped: 0 };
    this.#groups.set(key, group);
    return group;
  }

  #severityOf(kind: FindingKind): Severity {
    const { mode, refuseExpired } = this.#policy;
    const strict = kind.strict ?? kind.severity;
    if (mode === 'strict') {
      return strict;
    }
    return refuseExpired === true && WEIGHT[strict] < WEIGHT[kind.severity] ? strict : kind.severity;
  }

  #push(
    code: FindingCode,
    kind: FindingKind,
    severity: Severity,
    subject: FindingSubject,
    override: string | undefined,
  ): void {
    const { version } = subject;
    const group = this.#groupOf(`${severity} ${code}`);
    group.findings.push({
      code,
      check: kind.check,
      severity,
      role: shorten(subject.role, MAX_ROLE),
      // A version beyond 2^53 − 1 would be rounded; the detail has it exactly.
      ...(typeof version === 'number' ? { version } : {}),
      spec: kind.spec,
      detail: `${shorten(subject.detail, MAX_DETAIL)}. ${kind.act}`,
      ...(severity === 'deny' && override !== undefined ? { override } : {}),
    });
    if (group.findings.length > MAX_HELD) {
      group.findings.sort(compareFindings);
      group.dropped += group.findings.length - MAX_PER_KIND;
      group.findings.length = MAX_PER_KIND;
    }
  }
}

/** Checks that compare with an earlier state: what they find explains what other checks miss. */
const ROLLBACK_CHECKS: ReadonlySet<number> = new Set([14, 15]);

function rankOf({ check, severity }: Finding): number {
  return severity !== 'report' && ROLLBACK_CHECKS.has(check) ? 0 : check;
}

function kindOf(code: FindingCode): FindingKind {
  return FINDINGS[code];
}

function compareFindings(a: Finding, b: Finding): number {
  return (
    WEIGHT[a.severity] - WEIGHT[b.severity] ||
    rankOf(a) - rankOf(b) ||
    a.check - b.check ||
    compareText(a.role, b.role) ||
    (a.version ?? 0) - (b.version ?? 0) ||
    compareText(a.code, b.code) ||
    compareText(a.detail, b.detail)
  );
}

/** By UTF-16 unit, independent of any locale, so that the report is the same everywhere. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
