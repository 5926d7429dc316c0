import { readdirSync, readFileSync } from 'node:fs';

const source = 'crds';
const target = 'charts/tuf-recovery-operator/templates/crds';

/**
 * The chart's copies of crds/*.yaml. They are templates, not files in Helm's own `crds/` folder, because Helm
 * never upgrades what lies there; `crds.keep` makes Helm leave them on uninstall.
 */
export function chartCRDs(): ReadonlyMap<string, string> {
  const names = readdirSync(source).filter((name) => name.endsWith('.yaml'));
  return new Map(names.map((name) => [`${target}/${name}`, template(name)]));
}

function template(name: string): string {
  const text = readFileSync(`${source}/${name}`, 'utf8');
  if (text.includes('{{')) {
    throw new Error(`${source}/${name} holds "{{", which Helm would evaluate`);
  }
  const [head, tail, ...more] = text.split(/^metadata:\n/m);
  if (head === undefined || tail === undefined || more.length > 0 || /^ {2}annotations:/m.test(tail)) {
    throw new Error(`${source}/${name}: expected one top-level metadata without annotations`);
  }
  return [
    `{{- /* Generated from ${source}/${name}: change that file and run npm run generate. */}}\n`,
    '{{- if .Values.crds.enabled }}\n',
    head.replace(/^#.*\n/gm, ''),
    'metadata:\n',
    '  {{- with include "tuf-recovery.crd.annotations" . }}\n  {{- trim . | nindent 2 }}\n  {{- end }}\n',
    tail
      .replace(
        /^ {2}labels:\n/m,
        '  labels:\n    {{- with .Values.commonLabels }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}\n',
      )
      .trimEnd(),
    '\n{{- end }}\n',
  ].join('');
}
