import type { Version } from '../metadata/version.ts';
import type { VerifyPolicy } from '../verify/verification.ts';
import type { Finding, Severity } from './finding.ts';
import { DELEGATION_OVERRIDE, FINDINGS, type FindingCode, type FindingKind } from './findings.ts';

/** Whom and what a finding is about. */
export interface Subject {
  readonly role: string;
  readonly version?: Version | undefined;
  /** What was found in this case; what to do next is added from the kind of finding. */
  readonly detail: string;
}

/** How many findings of one kind are told one by one; 16,384 expired roles say no more than the first thousand. */
const MAX_PER_KIND = 1000;

const WEIGHT: Readonly<Record<Severity, number>> = { wall: 0, deny: 1, report: 2 };

/** Collects the findings of one run, weighs them by policy and puts them in the documented order. */
export class Report {
  readonly #findings: Finding[] = [];
  readonly #policy: VerifyPolicy;

  constructor(policy: VerifyPolicy) {
    this.#policy = policy;
  }

  /** Adds a finding with the weight its kind has under the policy. */
  add(code: FindingCode, subject: Subject): void {
    const kind = kindOf(code);
    this.#push(code, kind, this.#severityOf(kind), subject, kind.override);
  }

  /** Adds a finding whose override the person has given: it informs, and names the answer. */
  addAccepted(code: FindingCode, subject: Subject): void {
    this.#push(code, kindOf(code), 'report', subject, undefined);
  }

  /** Adds a fault of one delegated role's file: a wall elsewhere, here a *deny* that `Skip` turns into a report. */
  addForDelegated(code: FindingCode, subject: Subject): void {
    const kind = kindOf(code);
    const weighed = this.#severityOf(kind);
    if (weighed !== 'wall') {
      this.#push(code, kind, weighed, subject, kind.override);
    } else if (this.#policy.onInvalidDelegation === 'Skip') {
      this.#push(code, kind, 'report', subject, undefined);
    } else {
      this.#push(code, kind, 'deny', subject, DELEGATION_OVERRIDE);
    }
  }

  /**
   * Refusing findings first, then by severity, check, role, version, code and detail. Beyond the first thousand of a
   * kind, the last one that is kept says how many more there are.
   */
  sorted(): readonly Finding[] {
    const kept: Finding[] = [];
    const kinds = Map.groupBy(
      this.#findings.toSorted(compareFindings),
      ({ code, severity }) => `${severity} ${code}`,
    );
    for (const findings of kinds.values()) {
      kept.push(...findings.slice(0, MAX_PER_KIND - 1));
      const last = findings[MAX_PER_KIND - 1];
      const more = findings.length - MAX_PER_KIND;
      if (last !== undefined) {
        kept.push(more > 0 ? { ...last, detail: `${last.detail} (And ${more} more.)` } : last);
      }
    }
    return kept.sort(compareFindings);
  }

  /** Whether anything found so far refuses the repository. */
  get refuses(): boolean {
    return this.#findings.some((finding) => finding.severity !== 'report');
  }

  #severityOf(kind: FindingKind): Severity {
    return this.#policy.mode === 'strict' ? (kind.strict ?? kind.severity) : kind.severity;
  }

  #push(
    code: FindingCode,
    kind: FindingKind,
    severity: Severity,
    subject: Subject,
    override: string | undefined,
  ): void {
    this.#findings.push({
      code,
      check: kind.check,
      severity,
      role: subject.role,
      ...(subject.version === undefined ? {} : { version: Number(subject.version) }),
      spec: kind.spec,
      detail: `${subject.detail}. ${kind.act}`,
      ...(severity === 'deny' && override !== undefined ? { override } : {}),
    });
  }
}

function kindOf(code: FindingCode): FindingKind {
  return FINDINGS[code];
}

function compareFindings(a: Finding, b: Finding): number {
  return (
    WEIGHT[a.severity] - WEIGHT[b.severity] ||
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
