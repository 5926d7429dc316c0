import { expect, test } from 'vitest';
import { openFile } from '../../src/tuf/metadata/envelope.ts';
import type { Targets } from '../../src/tuf/metadata/targets.ts';
import { parseTargets } from '../../src/tuf/metadata/targets.ts';
import { reachableRoles } from '../../src/tuf/verify/delegation-tree.ts';

/** Targets that delegate to 2^bits bins. */
function binsOf(bits: number, prefix = 'b'): Targets {
  const succinct = `{"bit_length":${bits},"keyids":["k"],"name_prefix":"${prefix}","threshold":1}`;
  const text =
    `{"signatures":[],"signed":{"_type":"targets","spec_version":"1.0.31","version":1,"targets":{},` +
    `"expires":"2031-01-01T00:00:00Z","delegations":{"keys":{},"succinct_roles":${succinct}}}}`;
  return parseTargets(openFile(Buffer.from(text), 'targets', 'unambiguous'));
}

test('the walk over the roles that are reached may be interrupted at each of them', () => {
  const targets = binsOf(12);
  const names = targets.delegations?.roles.map(({ name }) => name) ?? [];
  const verified = new Map(names.map((name) => [name, undefined]));
  let steps = 0;
  for (const _ of reachableRoles(targets, verified, new Set())) {
    steps += 1;
  }
  expect(steps).toBe(4096);
});

// They are not compared with each other and with the top-level roles, which would take as long as all else.
test.each(['root', 'targets', 'snapshot', 'timestamp', '', 'b'])(
  'bins with the prefix "%s" have names of their own',
  (prefix) => {
    const names = binsOf(8, prefix).delegations?.roles.map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(256);
    expect(names.filter((name) => ['root', 'targets', 'snapshot', 'timestamp'].includes(name))).toEqual([]);
  },
);
