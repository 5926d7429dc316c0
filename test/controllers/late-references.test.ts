import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Condition } from '../../src/api/condition.ts';
import type { RecoveryTarget, RecoveryTargetManifest } from '../../src/api/recoverytarget.generated.ts';
import { type Judged, kstatus } from '../api/kstatus.ts';
import { poll } from '../harness/poll.ts';
import { sharedAPIServer } from '../harness/shared-apiserver.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { type Installation, redisPassword, secret, startInstallation } from './support/installation.ts';
import { conditionOf, type TestNamespace, testNamespace } from './support/namespace.ts';
import { createPolicy } from './support/policies.ts';

// A tool that applies a commit applies the target first, and what it refers to comes from elsewhere, later.

type TargetSpec = RecoveryTargetManifest['spec'];

let namespace: TestNamespace;
let installation: Installation;
let controller: ControllerProcess;

beforeAll(async () => {
  namespace = await testNamespace(await sharedAPIServer());
  installation = await startInstallation(['simple']);
  await namespace.apply(...installation.secrets);
  controller = await startController(namespace);
});

afterAll(async () => {
  await controller?.[Symbol.asyncDispose]();
  await installation?.[Symbol.asyncDispose]();
});

const root = (): string => {
  const file = installation.app('simple').objects.find(({ name }) => name === '1.root.json');
  return Buffer.from(file?.body ?? '').toString('utf8');
};

const configMap = (name: string, data: Readonly<Record<string, string>>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

interface Reference {
  readonly name: string;
  readonly change: (spec: TargetSpec) => Partial<TargetSpec>;
  /** What is there from the beginning. */
  readonly first?: () => object;
  readonly says: RegExp;
  /** What comes later. */
  readonly later: () => object;
}

const references: readonly Reference[] = [
  {
    name: 'redis-secret',
    change: ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'late-redis' } } }),
    says: /Secret .*\/late-redis does not exist\. Create it/,
    later: () => secret('late-redis', { password: redisPassword }),
  },
  {
    name: 'storage-secret',
    change: ({ storage }) => ({ storage: { ...storage, credentialsSecretRef: { name: 'late-s3' } } }),
    says: /Secret .*\/late-s3 does not exist\. Create it/,
    later: () => renamed('late-s3'),
  },
  {
    name: 'key',
    change: ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'late-key' } } }),
    // As a tool does that creates the Secret and fills it afterwards.
    first: () => secret('late-key', {}),
    says: /Secret .*\/late-key has no key password; it has none\. Add it/,
    later: () => secret('late-key', { password: redisPassword }),
  },
  {
    name: 'root',
    change: () => ({ trust: { rootConfigMapRef: { name: 'late-root' } } }),
    says: /ConfigMap .*\/late-root does not exist\. Create it/,
    later: () => configMap('late-root', { 'root.json': root() }),
  },
];

/** The Secret of the bucket under another name. */
function renamed(name: string): object {
  const found = installation.secrets.find((each) => JSON.stringify(each).includes('AWS_ACCESS_KEY_ID'));
  return { ...found, metadata: { name } };
}

/** What is wanted of an object that waits for a reference: the reason, and no verdict that ends a wait. */
function expectToWait(object: Judged, type: string, says: RegExp): void {
  const condition = (name: string): Condition | undefined =>
    object.status.conditions?.find((each) => each.type === name);
  expect(condition(type)).toMatchObject({
    reason: 'ReferenceNotFound',
    message: expect.stringMatching(says),
  });
  expect(condition('Stalled')).toBeUndefined();
  expect(kstatus(object)).toBe('InProgress');
}

// Of an object of the API server, which counts generations.
const judged = (object: object): Judged => object as Judged;

describe.each(references)('a $name that comes later', ({ name, change, first, says, later }) => {
  test('is waited for by target, policy and app, and all of them continue when it is there', async () => {
    if (first !== undefined) {
      await namespace.apply(first());
    }
    await namespace.apply(installation.target(name, change(installation.target().spec)));
    const policy = await createPolicy(namespace, name, installation.app('simple'), {
      targetRef: { name },
    });
    const isMissing = ({ status }: { readonly status: RecoveryTarget['status'] }, type: string) =>
      conditionOf({ status }, type)?.reason === 'ReferenceNotFound';
    const target = await poll(`target ${name} to miss it`, async () => {
      const found = await namespace.target(name);
      return isMissing(found, 'Ready') ? found : undefined;
    });
    expectToWait(judged(target), 'Ready', says);
    const app = await policy.untilApp('to miss it', ({ status }) => isMissing({ status }, 'Healthy'));
    expectToWait(judged(app), 'Healthy', says);
    const missing = await policy.until('to miss it', ({ status }) => isMissing({ status }, 'Ready'));
    expectToWait(judged(missing), 'Ready', says);

    await namespace.apply(later());
    await policy.until('to be Ready', ({ status }) => conditionOf({ status }, 'Ready')?.status === 'True');
    await policy.untilApp('to be verified', ({ status }) => status.state !== 'Unverifiable');
    // The target is checked beside its policy.
    await expect
      .poll(async () => conditionOf(await namespace.target(name), 'Ready'))
      .toMatchObject({ status: 'True', reason: 'Validated' });
  });
});

test.each<[string, (spec: TargetSpec) => Partial<TargetSpec>, RegExp]>([
  [
    'name',
    ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'Late_Secret' } } }),
    /No Secret can be named "Late_Secret"/,
  ],
  [
    'key',
    ({ redis }) => ({ redis: { ...redis, passwordSecretRef: { name: 'redis', key: 'pass word' } } }),
    /No Secret can have a key "pass word"/,
  ],
])('a %s that no Secret can have is not waited for', async (what, change, says) => {
  await namespace.apply(installation.target(`never-${what}`, change(installation.target().spec)));
  const target = await poll('the target to be refused', async () => {
    const found = await namespace.target(`never-${what}`);
    return conditionOf(found, 'Stalled') === undefined ? undefined : found;
  });
  expect(conditionOf(target, 'Stalled')).toMatchObject({
    reason: 'InvalidReference',
    message: expect.stringMatching(says),
  });
  expect(kstatus(judged(target))).toBe('Failed');
});
