import type { Steps } from '../async/in-turns.ts';
import type { ServerFacts } from '../redis/state-store.ts';
import type { Finding } from '../tuf/findings/finding.ts';
import type { Action, Plan } from './plan/plan.ts';
import type { Evidence } from './plan/sources.ts';
import type { ExpectedState } from './state/expected-state.ts';
import type { ObservedState } from './state/observed-state.ts';

/**
 * What is documented about a finding of the run itself; the verifier has its own table. All of them inform.
 */
export interface RunFindingKind {
  readonly means: string;
  readonly act: string;
}

/** Every finding a run can make beside the verifier's, by code. */
export const runFindings = {
  SettingWillExpire: {
    means: 'A setting had a TTL and would have expired; the TTL is removed.',
    act: 'Find out who sets it: the server writes settings without TTL.',
  },
  SettingDiffersFromRoot: {
    means: 'A display-only setting is not what the newest verified root says; rotations do not refresh it.',
    act: 'Nothing signs with it; the root is what counts.',
  },
  UncertainValue: {
    means: 'A lost setting may have had another value: what was signed does not tell which.',
    act: 'Compare it with what was configured; give it in overrides.expirations of a new run, or correct it on the server with PUT config.',
  },
  LifetimeNotInferable: {
    means: 'The times of the stored files do not tell a lifetime.',
    act: 'Give the lifetime in overrides.expirations of a new run.',
  },
  CeremonyStaged: {
    means: 'A signing ceremony is staged in Redis; it was not touched.',
    act: 'Finish or cancel it on the server.',
  },
  WrongTypeReplaced: {
    means: 'A key held something other than a string and was replaced, as overrides.replaceWrongType asks.',
    act: 'Find out what wrote it.',
  },
  ReadFromReplica: {
    means: 'The state was read from a replica, which can lag behind its primary.',
    act: 'Point the target at the primary, or at Sentinel.',
  },
  LockNotReleased: {
    means: 'The lock could not be released.',
    act: 'Nothing: it ends within minutes.',
  },
  RecordNotWritten: {
    means:
      'The task record for the API of the server could not be written; the recovery itself was proven before.',
    act: 'Nothing: only the dashboard does not resolve the task id.',
  },
} as const satisfies Readonly<Record<string, RunFindingKind>>;

/** A code of {@link runFindings}. */
export type RunFindingCode = keyof typeof runFindings;

/** @param role the role it is about, or `redis` */
export function runFinding(code: RunFindingCode, role: string, what: string): Finding {
  return {
    code,
    check: 0,
    severity: 'report',
    role,
    spec: 'recovery',
    detail: `${what} ${runFindings[code].act}`,
  };
}

/** What Redis reported about itself that a person should fix. */
export function redisFindings({ role, warnings }: ServerFacts): readonly Finding[] {
  const warned = warnings.map(
    ({ code, detail }): Finding => ({
      code,
      check: 0,
      severity: 'report',
      role: 'redis',
      spec: 'recovery',
      detail,
    }),
  );
  if (role !== 'replica') {
    return warned;
  }
  return [runFinding('ReadFromReplica', 'redis', 'This Redis is a replica.'), ...warned];
}

/** What is worth telling about a plan beyond the plan itself. */
export function* planFindings(
  plan: Plan,
  observed: ObservedState,
  { settings }: Pick<ExpectedState, 'settings'>,
  { trusted, lifetimes }: Pick<Evidence, 'trusted' | 'lifetimes'>,
): Steps<readonly Finding[]> {
  const found = new CappedFindings();
  for (const key of observed.ceremonies) {
    found.add(runFinding('CeremonyStaged', 'redis', `${key} holds staged metadata.`));
    yield;
  }
  const actions = new Map<string, Action>();
  for (const action of plan.actions) {
    const { key, kind, before } = action;
    actions.set(key, action);
    if (kind === 'Persist') {
      found.add(runFinding('SettingWillExpire', 'redis', `${key} had a TTL.`));
    } else if (before !== undefined && 'wrongType' in before) {
      found.add(runFinding('WrongTypeReplaced', 'redis', `${key} held a ${before.wrongType}.`));
    }
    yield;
  }
  for (const { key, derivation } of settings) {
    const action = actions.get(key);
    if (action !== undefined && derivation.kind === 'rootFact') {
      found.add(...rootDifference(action, derivation.read(trusted.root)));
    } else if (action?.confidence === 'low') {
      found.add(...uncertainty(action, lifetimes.of(derivation)));
    }
    yield;
  }
  return found.list();
}

/**
 * A copied bucket makes every one of 16,384 lifetimes uncertain; a report that says so so often says nothing.
 */
const MAX_PER_CODE = 20;

/** The first findings of each code; the last one kept tells how many there were. */
class CappedFindings {
  readonly #byCode = new Map<string, { readonly first: Finding[]; more: number }>();

  add(...findings: readonly Finding[]): void {
    for (const finding of findings) {
      const same = this.#byCode.get(finding.code) ?? { first: [], more: 0 };
      this.#byCode.set(finding.code, same);
      if (same.first.length < MAX_PER_CODE) {
        same.first.push(finding);
      } else {
        same.more++;
      }
    }
  }

  list(): readonly Finding[] {
    return [...this.#byCode.values()].flatMap(({ first, more }) =>
      first.map((finding, i) =>
        more > 0 && i === MAX_PER_CODE - 1
          ? { ...finding, detail: `${finding.detail} There are ${more} more of this kind.` }
          : finding,
      ),
    );
  }
}

function rootDifference({ key, after }: Action, newest: number): readonly Finding[] {
  if (after === String(newest)) {
    return [];
  }
  return [
    runFinding(
      'SettingDiffersFromRoot',
      'root',
      `${key} is ${after}, the newest verified root says ${newest}.`,
    ),
  ];
}

function uncertainty(
  { key, after, source, doubt }: Action,
  lifetime: ReturnType<Evidence['lifetimes']['of']>,
): readonly Finding[] {
  const role = lifetime?.role ?? 'redis';
  const found = runFinding(
    'UncertainValue',
    role,
    doubt === undefined
      ? `${key} = ${after} is from source ${source}.`
      : `${key} = ${after} is uncertain, it was ${doubt.candidates.join(' or ')}: ${doubt.why}.`,
  );
  if (lifetime === undefined || lifetime.inference.kind === 'days') {
    return [found];
  }
  return [
    found,
    runFinding(
      'LifetimeNotInferable',
      role,
      `The file of ${role} tells no lifetime: ${lifetime.inference.why}.`,
    ),
  ];
}
