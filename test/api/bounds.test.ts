import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bounds, withinBounds } from '../../src/api/bounds.ts';
import {
  bootstrapRecoveries,
  bootstrapStates,
  recoveryPolicies,
  recoveryTargets,
} from '../../src/api/resources.ts';
import { statusBounds } from '../../src/api/status-bounds.generated.ts';
import { type StatusKind, statusWithinBounds } from '../../src/api/status-within-bounds.ts';
import type { APIClient } from '../../src/kube/client/api-client.ts';
import type { KubernetesObject } from '../../src/kube/client/object.ts';
import type { Resource } from '../../src/kube/client/resource.ts';
import { namespaceClient } from '../controllers/support/api-client.ts';
import type { TestNamespace } from '../controllers/support/namespace.ts';

let namespace: TestNamespace;
let client: APIClient;

beforeAll(async () => {
  ({ namespace, client } = await namespaceClient('bounds'));
});

afterAll(() => client?.close());

const specs: Readonly<Record<StatusKind, object>> = {
  BootstrapRecovery: { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf' },
  BootstrapState: { targetRef: { name: 'default' }, adminName: 'alice', appName: 'tuf' },
  RecoveryTarget: {
    redis: { address: 'redis:6379' },
    storage: { bucket: 'updates', ambient: true },
    trust: { onFirstUse: true },
  },
  RecoveryPolicy: { targetRef: { name: 'default' }, discover: true },
};
const resources: Readonly<Record<StatusKind, Resource>> = {
  BootstrapRecovery: bootstrapRecoveries,
  BootstrapState: bootstrapStates,
  RecoveryTarget: recoveryTargets,
  RecoveryPolicy: recoveryPolicies,
};

/** Text of any length and from any alphabet, halves of characters included. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .tuple(
      fc.constantFrom(...'xß…😀\u0000\n\u007f\u0085\u2028\ufeff\uffff', '\ud83d'),
      fc.integer({ min: 0, max: 6_000 }),
    )
    .map(([character, count]) => character.repeat(count)),
);

/** Anything of the shape of a schema, and of any size. */
function anything(bounds: Bounds, name = ''): fc.Arbitrary<unknown> {
  switch (bounds.type) {
    case 'string':
      return bounds.format === 'date-time'
        ? fc.constantFrom('2026-06-01T12:00:00Z', 'yesterday')
        : fc.oneof(text, fc.constantFrom(...(bounds.enum ?? ['Because'])));
    case 'integer':
      return fc.oneof(fc.integer(), fc.constantFrom(-1e300, 1e300, 0.5, NaN));
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc
        .tuple(anything(bounds.items), fc.constantFrom(0, 1, 2, 200))
        .map(([item, count]) =>
          Array.from({ length: name === 'conditions' ? Math.min(1, count) : count }, () => item),
        );
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries(bounds.properties).map(([member, of]) => [member, anything(of, member)]),
        ),
        { requiredKeys: [...(bounds.required ?? [])] },
      );
  }
}

describe('text from outside fits', () => {
  test.each(Object.keys(statusBounds) as StatusKind[])('every status of a %s', async (kind) => {
    const resource = resources[kind];
    const key = { namespace: namespace.name, name: 'example' };
    const manifest = {
      apiVersion: `${resource.group}/${resource.version}`,
      kind,
      metadata: key,
      spec: specs[kind],
    };
    await client.create<KubernetesObject, typeof manifest>(resource, manifest);
    await fc.assert(
      fc.asyncProperty(anything(statusBounds[kind]), async (status) => {
        const bounded = statusWithinBounds(kind, Object(status));
        const how = { fieldManager: 'test', force: true, dryRun: true, subresource: 'status' } as const;
        await client.apply(resource, { metadata: key, status: bounded }, how);
      }),
      { numRuns: 25 },
    );
  });
});

describe('a value beyond its bounds', () => {
  const bounds: Bounds = {
    type: 'object',
    properties: {
      apps: {
        type: 'array',
        maxItems: 2,
        items: {
          type: 'object',
          required: ['appName'],
          properties: { appName: { type: 'string', maxLength: 5 }, detail: { type: 'string', maxLength: 5 } },
        },
      },
      count: { type: 'integer', minimum: 0, maximum: 10 },
    },
  };

  test('text for people is cut, and says so', () => {
    expect(withinBounds({ apps: [{ appName: 'tuf', detail: 'too long' }] }, bounds)).toEqual({
      apps: [{ appName: 'tuf', detail: 'too …' }],
    });
  });

  test('what a name that is too long names is left out: cut, it would name something else', () => {
    expect(withinBounds({ apps: [{ appName: 'too long' }, { appName: 'tuf' }] }, bounds)).toEqual({
      apps: [{ appName: 'tuf' }],
    });
  });

  test('lists are cut and numbers clamped', () => {
    const apps = ['a', 'b', 'c'].map((appName) => ({ appName }));
    expect(withinBounds({ apps, count: 11 }, bounds)).toEqual({ apps: apps.slice(0, 2), count: 10 });
  });
});
