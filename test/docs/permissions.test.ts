import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type Rendered, render } from '../chart/helm.ts';

interface Rule {
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Who, in the words of the page, by the end of the role's name. */
const roles: Readonly<Record<string, string>> = {
  controller: '-controller',
  shim: '-shim',
  'people with `view`': '-view',
  'people with `edit`': '-edit',
  'people with `admin`': '-admin',
};

/** `resource verb, verb` for every resource, sorted. */
function lines(rules: readonly Rule[]): readonly string[] {
  return rules
    .flatMap(({ resources, verbs }) =>
      resources.map((resource) => `${resource} ${[...verbs].sort().join(', ')}`),
    )
    .sort();
}

test('the security page lists exactly the permissions that the chart grants', async () => {
  const page = await readFile('docs/security.md', 'utf8');
  const rows = page.split('\n').flatMap((line) => {
    const [, who = '', what = '', verbs = ''] = line.split('|').map((cell) => cell.trim());
    return who in roles
      ? [{ who, resources: what.replaceAll('`', '').split(', '), verbs: verbs.split(', ') }]
      : [];
  });
  const objects = await render(
    'shim.enabled=true',
    'shim.auth.sharedSecret.existingSecret=jwt',
    'shim.admins.names={alice}',
  );
  for (const [who, ending] of Object.entries(roles)) {
    const documented = lines(rows.filter((row) => row.who === who));
    // The chart under test renders roles of this shape; the shim's is a Role, as it has fixed namespaces.
    const granted = objects.filter(
      ({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && metadata.name.endsWith(ending),
    ) as (Rendered & { readonly rules: readonly Rule[] })[];
    const elections = (rule: Rule): boolean => rule.resources.includes('leases');
    const rules = granted.flatMap((role) => role.rules).filter((rule) => !elections(rule));
    expect(documented, who).toEqual(lines(rules));
    expect(documented.length, who).toBeGreaterThan(0);
  }
});
