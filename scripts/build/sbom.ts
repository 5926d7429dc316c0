import { createHash } from 'node:crypto';
import type { BundledPackage } from './bundled-packages.ts';

/** A component of a bill of materials (CycloneDX 1.6, `component`), as far as it is used here. */
export interface Component {
  readonly type: 'application' | 'container' | 'library' | 'operating-system';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly licenses?: readonly (
    | { readonly license: { readonly id: string } }
    | { readonly expression: string }
  )[];
  readonly hashes?: readonly { readonly alg: 'SHA-256' | 'SHA-512'; readonly content: string }[];
}

/** A bill of materials: what a program consists of, for those who look for known weaknesses. */
export interface BillOfMaterials {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.6';
  /** Derived from the content, so that the same build gives the same bytes. */
  readonly serialNumber: string;
  readonly version: 1;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/**
 * The bill of the bundle: every package of which a file is in it, from the bundler's own list. A scan of the
 * image can't find them, because a bundle has no package.json files.
 *
 * @param direct directories of the packages that the program itself imports
 */
export function sbomOfBundle(
  program: { readonly name: string; readonly version: string; readonly license: string },
  packages: readonly BundledPackage[],
  direct: readonly string[],
): BillOfMaterials {
  const refs = new Map(packages.map((each) => [each.directory, purlOf(each.name, each.version)]));
  const component: Component = {
    type: 'application',
    'bom-ref': purlOf(program.name, program.version),
    name: program.name,
    version: program.version,
    ...licensesOf(program.license),
  };
  // One package may lie in several directories; it is one component.
  const components = new Map<string, Component>();
  const dependencies = new Map<string, ReadonlySet<string>>();
  const refsOf = (directories: readonly string[]): readonly string[] =>
    directories.flatMap((each) => refs.get(each) ?? []);
  for (const each of packages) {
    const ref = purlOf(each.name, each.version);
    components.set(ref, {
      type: 'library',
      'bom-ref': ref,
      name: each.name,
      version: each.version,
      purl: ref,
      ...licensesOf(each.licence),
      ...hashesOf(each.integrity),
    });
    dependencies.set(ref, new Set([...(dependencies.get(ref) ?? []), ...refsOf(each.imports)]));
  }
  dependencies.set(component['bom-ref'], new Set(refsOf(direct)));
  return sbom(
    component,
    [...components.values()],
    [...dependencies].map(([ref, to]) => ({ ref, dependsOn: [...to].filter((each) => each !== ref).sort() })),
  );
}

/** A bill of materials, its serial number made from what it lists. */
export function sbom(
  component: Component,
  components: readonly Component[],
  dependencies: BillOfMaterials['dependencies'],
): BillOfMaterials {
  const content = { metadata: { component }, components, dependencies };
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  // A UUID of version 8: its bits are the caller's (RFC 9562, section 5.8).
  const uuid = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `a${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    ...content,
  };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace(/^@/, '%40')}@${version}`;
}

function licensesOf(licence: string | undefined): Pick<Component, 'licenses'> {
  if (licence === undefined) {
    return {};
  }
  return { licenses: [/[ (]/.test(licence) ? { expression: licence } : { license: { id: licence } }] };
}

function hashesOf(integrity: string | undefined): Pick<Component, 'hashes'> {
  const [, base64] = /^sha512-(.+)$/.exec(integrity ?? '') ?? [];
  return base64 === undefined
    ? {}
    : { hashes: [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }] };
}
