import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stateConditions } from '../../src/api/bootstrapstate/conditions.ts';
import type { HealthyReason, healthyReasons } from '../../src/api/bootstrapstate/reasons.ts';
import type { Condition } from '../../src/api/condition.ts';
import { runConditions } from '../../src/api/conditions.ts';
import { policyConditions } from '../../src/api/policy-conditions.ts';
import {
  type PolicyReadyReason,
  type policyReadyReasons,
  unverifiableReasons,
} from '../../src/api/policy-reasons.ts';
import { succeededReasons } from '../../src/api/reasons.ts';
import {
  apiVersion,
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../src/api/resources.ts';
import { type TargetVerdicts, targetConditions } from '../../src/api/target-conditions.ts';
import {
  redisReachableReasons,
  storageReachableReasons,
  trustRootReasons,
} from '../../src/api/target-reasons.ts';
import { type Health, type HealthFacts, healthOf } from '../../src/controllers/bootstrapstate/healthy.ts';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import type { KubernetesObject } from '../../src/kube/client/object.ts';
import type { Resource } from '../../src/kube/client/resource.ts';
import { type NamespaceClient, namespaceClient } from '../controllers/support/api-client.ts';
import { gitopsHealth } from './gitops-health.ts';

/** What kstatus, and so Flux, is to say. */
type Wanted = 'Current' | 'InProgress' | 'Failed';

/** One state of a kind: its conditions, and what tools are to make of them. */
interface State {
  readonly conditions: readonly Condition[];
  readonly wanted: Wanted;
  /** Of Argo CD, where it has another word than {@link argoWords}. */
  readonly argo?: string;
  /** Nothing is awaited, so there is no `Ready` to wait for. */
  readonly isAtRest?: true;
}

type States = Readonly<Record<string, State>>;

const argoWords: Readonly<Record<Wanted, string>> = {
  Current: 'Healthy',
  InProgress: 'Progressing',
  Failed: 'Degraded',
};

const now = new Date(0);
const message = 'because';
const keys = <K extends string>(table: Readonly<Record<K, unknown>>) => Object.keys(table) as K[];

/** Argo CD has no time-out: what does not answer is degraded there at once, and waited for by all others. */
const unanswered = new Set(['RedisUnreachable', 'SourceUnavailable', 'Forbidden']);
const asDegraded = (reason: string) => (unanswered.has(reason) ? { argo: 'Degraded' } : {});

const succeeded = new Set<string>(['Recovered', 'AlreadyConsistent', 'Verified', 'Suspended']);
const underWay = new Set<string>([
  ...['Pending', 'WaitingForTarget', 'WaitingForLock', 'AwaitingApproval', 'Running', 'Retrying'],
]);

const runs: States = Object.fromEntries(
  keys(succeededReasons).map((reason) => [
    reason,
    {
      conditions: runConditions(
        {
          succeeded: { reason, message },
          accepted: undefined,
          trustVerified: { reason: 'MetadataVerified', message },
          stateVerified: { reason: 'Consistent', message },
        },
        [],
        1,
        now,
      ),
      wanted: succeeded.has(reason) ? 'Current' : underWay.has(reason) ? 'InProgress' : 'Failed',
      // A person is awaited.
      ...(/^(?:Suspended|AwaitingApproval)$/.test(reason) && { argo: 'Suspended' }),
    },
  ]),
);

const usable: TargetVerdicts = {
  redisReachable: { reason: 'Reachable', message },
  storageReachable: { reason: 'Reachable', message },
  trustRootLoaded: { reason: 'Pinned', message },
};
const awaitedOfTargets = new Set([...unanswered, 'NotChecked', 'ReferenceNotFound']);

function target(name: string, verdicts: Partial<TargetVerdicts>, reason: string, isGood: boolean) {
  const state: State = {
    conditions: targetConditions({ ...usable, ...verdicts }, [], 1, now),
    wanted: isGood ? 'Current' : awaitedOfTargets.has(reason) ? 'InProgress' : 'Failed',
    ...asDegraded(reason),
  };
  return [`${name} ${reason}`, state] as const;
}

const targets: States = {
  ...Object.fromEntries([
    ...keys(redisReachableReasons).map((reason) =>
      target('Redis', { redisReachable: { reason, message } }, reason, reason === 'Reachable'),
    ),
    ...keys(storageReachableReasons).map((reason) =>
      target('storage', { storageReachable: { reason, message } }, reason, reason === 'Reachable'),
    ),
    ...keys(trustRootReasons).map((reason) =>
      target(
        'trust',
        { trustRootLoaded: { reason, message } },
        reason,
        reason === 'Pinned' || reason === 'TrustedOnFirstUse',
      ),
    ),
  ]),
  'suspended after a failure': {
    conditions: targetConditions(
      'suspended',
      targetConditions({ ...usable, redisReachable: { reason: 'RedisReadOnly', message } }, [], 1, now),
      1,
      now,
    ),
    wanted: 'Current',
    argo: 'Suspended',
  },
};

/** Why an app could not be verified, as far as that may pass. */
const awaitedOfApps = new Set<string>([
  ...unanswered,
  ...underWay,
  'Suspended',
  'ReferenceNotFound',
  ...['BackoffLimitExceeded', 'DeadlineExceeded', 'Conflict', 'BootstrapInProgress'],
]);
const ownOfPolicies: Readonly<Record<keyof typeof policyReadyReasons, Wanted>> = {
  Verified: 'Current',
  Suspended: 'Current',
  Verifying: 'InProgress',
  NoApps: 'InProgress',
  WaitingForTarget: 'InProgress',
  TargetReadOnly: 'Failed',
};
const failures = keys(succeededReasons).filter((reason) => succeededReasons[reason].status === 'False');

function policy(reason: PolicyReadyReason, wanted: Wanted): readonly [string, State] {
  const verdicts = {
    ready: { reason, message },
    lossDetected: { reason: 'NothingLost', message },
    circuitOpen: { reason: 'WithinLimit', message },
  } as const;
  const isOwn = reason in ownOfPolicies;
  const state: State = {
    conditions: policyConditions(verdicts, [], 1, now),
    wanted,
    ...(!isOwn && reason !== 'ReferenceNotFound' && { argo: 'Degraded' }),
    ...(reason === 'Suspended' && { argo: 'Suspended' }),
  };
  return [reason, state];
}

const policies: States = Object.fromEntries([
  ...keys(ownOfPolicies).map((reason) => policy(reason, ownOfPolicies[reason])),
  ...[...failures, ...keys(unverifiableReasons)].map((reason) =>
    policy(reason, awaitedOfApps.has(reason) ? 'InProgress' : 'Failed'),
  ),
]);

function app(health: Health, wanted: Wanted, more: Partial<State> = {}): State {
  const conditions = stateConditions(
    {
      healthy: health.healthy,
      recoverable: { reason: 'NotVerified', message },
      fresh: { reason: 'NotVerified', message },
      circuitOpen: { reason: 'WithinLimit', message },
      progress: health.progress,
    },
    [],
    1,
    now,
  );
  return { conditions, wanted, ...more };
}

/** What the controller makes of a loss; of policy and target only this much is read. */
function lost(facts: object, action = 'Recover', accessMode = 'ReadWrite'): Health {
  return healthOf({
    reading: { kind: 'lost', state: 'FullLoss' },
    guard: { lead: { spec: { action, stabilizationSeconds: 10 } } },
    target: { metadata: { name: 'default' }, spec: { accessMode } },
    recoveries: [],
    lostSince: now,
    hold: undefined,
    ...facts,
  } as unknown as HealthFacts);
}

const said = (reason: HealthyReason, progress: Health['progress']): Health => ({
  healthy: { reason, message },
  progress,
});
const unverifiable = (reason: PolicyReadyReason): Health =>
  lost({ reading: { kind: 'unverifiable', reason, message, targetWide: false } });
const open = { name: 'run', policy: 'guard', state: 'UnderWay', time: '1970-01-01T00:00:00Z' };

const ownOfApps: Readonly<Record<keyof typeof healthyReasons, State>> = {
  Consistent: app(lost({ reading: { kind: 'consistent', state: 'Healthy' } }), 'Current'),
  SettingsLost: app(lost({}), 'InProgress'),
  ServerBusy: app(lost({ reading: { kind: 'busy', state: 'Locked' } }), 'InProgress'),
  NotVerified: app(said('NotVerified', 'reconciling'), 'InProgress'),
  NotGuarded: app(said('NotGuarded', 'current'), 'Current', { argo: 'Suspended', isAtRest: true }),
  TargetUnavailable: app(said('TargetUnavailable', 'current'), 'Current', {
    argo: 'Suspended',
    isAtRest: true,
  }),
};

const states: States = {
  ...ownOfApps,
  'SettingsLost, under repair': app(lost({ recoveries: [open] }), 'InProgress'),
  'SettingsLost, held back for a while': app(lost({ hold: { kind: 'pause', until: now } }), 'InProgress'),
  'SettingsLost, reported only': app(lost({}, 'Report'), 'Failed'),
  'SettingsLost, target read-only': app(lost({}, 'Recover', 'ReadOnly'), 'Failed'),
  'SettingsLost, too often': app(lost({ hold: { kind: 'breaker', until: now } }), 'Failed'),
  ...Object.fromEntries(
    [...failures, ...keys(unverifiableReasons)].map((reason) => [
      reason,
      app(unverifiable(reason), awaitedOfApps.has(reason) ? 'InProgress' : 'Failed'),
    ]),
  ),
};

const kinds: readonly (readonly [Resource, States, object])[] = [
  [bootstrapRecoveries, runs, { adminName: 'alice', appName: 'tuf', suspend: true }],
  [
    recoveryTargets,
    targets,
    {
      redis: { address: 'redis:6379' },
      storage: { bucket: 'b', region: 'r', ambient: true },
      trust: { onFirstUse: true },
      suspend: true,
    },
  ],
  [recoveryPolicies, policies, { discover: true, suspend: true }],
  [bootstrapStates, states, { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf' }],
];

let world: NamespaceClient;

beforeAll(async () => {
  world = await namespaceClient('health');
});

afterAll(() => world?.[Symbol.asyncDispose]());

/** The object as the API server holds it in this state. */
async function put(client: APIClient, resource: Resource, spec: object, name: string, { conditions }: State) {
  const key = { namespace: world.namespace.name, name };
  await client.create(resource, { apiVersion, kind: resource.kind, metadata: key, spec });
  return client.patch<KubernetesObject>(
    resource,
    key,
    { type: 'merge', body: { status: { observedGeneration: 1, conditions } } },
    { subresource: 'status' },
  );
}

describe.each(kinds)('in every state of a $kind', (resource, table, spec) => {
  test('kstatus, Flux, Argo CD and kubectl wait give one answer, and the right one', async () => {
    const lua = join(
      'examples/gitops/argocd/resource_customizations/tuf-recovery.dev',
      resource.kind,
      'health.lua',
    );
    const answers: Record<string, object> = {};
    const wanted: Record<string, object> = {};
    const awaited: string[] = [];
    const names = new Map(keys(table).map((state, at) => [state, `state-${at}`]));
    for (const [state, name] of names) {
      const { wanted: kstatus, argo, isAtRest, ...rest } = table[state] as State;
      const object = await put(world.client, resource, spec, name, { ...rest, wanted: kstatus });
      answers[state] = {
        kstatus: (await gitopsHealth(['kstatus'], object)).status,
        flux: (await gitopsHealth(['flux', 'examples/gitops/flux/kustomization.yaml'], object)).status,
        argo: (await gitopsHealth(['argocd', lua], object)).status,
      };
      wanted[state] = { kstatus, flux: kstatus, argo: argo ?? argoWords[kstatus] };
      if (kstatus !== 'Current' || isAtRest === true) {
        awaited.push(name);
      }
    }
    expect(answers).toEqual(wanted);
    expect(await waitedFor(resource)).toEqual(awaited.sort());
  });
});

/** Names of the objects that are not Ready for `kubectl wait`, which names each. */
async function waitedFor({ plural }: Resource): Promise<readonly string[]> {
  const { namespace } = world;
  const args = ['wait', '--for=condition=Ready', '--timeout=0s', plural, '--all'];
  const errors = await namespace.kubectl(...args).then(
    () => '',
    (error: unknown) => String(error),
  );
  return [...errors.matchAll(/condition not met for \S+\/(state-\d+)/g)]
    .flatMap(([, name]) => name ?? [])
    .sort();
}

test('every customization is of a kind above', async () => {
  const directory = 'examples/gitops/argocd/resource_customizations/tuf-recovery.dev';
  expect((await readdir(directory)).sort()).toEqual(kinds.map(([{ kind }]) => kind).sort());
  const flux = await readFile('examples/gitops/flux/kustomization.yaml', 'utf8');
  for (const [{ kind }] of kinds) {
    expect(flux).toContain(`kind: ${kind}\n`);
  }
});
