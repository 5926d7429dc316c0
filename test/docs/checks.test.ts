import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wrongCommands } from '../../scripts/checks/commands.ts';
import { brokenLinks } from '../../scripts/checks/links.ts';
import { type CRD, wrongManifests } from '../../scripts/checks/manifests.ts';
import { readPage } from '../../scripts/checks/markdown.ts';
import { pagesBelow } from '../../scripts/checks/pages.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary-directory.ts';

const fence = (language: string, code: string): string => `\`\`\`${language}\n${code}\n\`\`\``;

describe('links', () => {
  let root: TemporaryDirectory;

  beforeAll(async () => {
    root = await temporaryDirectory('links');
    const files = {
      'README.md':
        '[there](docs/a.md#the-second-one) [gone](docs/b.md)\n[no heading](docs/a.md#third) `[code](x.md)`',
      'docs/a.md':
        '# A\n\n## The `second` one\n\n[up](../README.md) [here](#a) [web](https://example.com)\n[picture](images/x.svg)',
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root.path, path)), { recursive: true });
      await writeFile(join(root.path, path), text);
    }
  });

  afterAll(() => root?.[Symbol.asyncDispose]());

  test('that lead nowhere are reported with file and line, others are not', () => {
    expect(brokenLinks(root.path, pagesBelow(root.path))).toEqual([
      { file: 'README.md', line: 1, what: 'links to docs/b.md, but there is no docs/b.md' },
      {
        file: 'README.md',
        line: 2,
        what: 'links to docs/a.md#third, but docs/a.md has no heading for #third',
      },
      { file: 'docs/a.md', line: 6, what: 'links to images/x.svg, but there is no docs/images/x.svg' },
    ]);
  });
});

describe('commands', () => {
  const known = { npmScripts: new Set(['demo']), chartValues: { image: { tag: '' }, labels: {}, list: [] } };
  const found = (script: string, language = 'sh'): readonly string[] =>
    wrongCommands(new Map([['page.md', readPage(fence(language, script))]]), known).map(({ what }) => what);

  test.each([
    'tuf-recovery plan --admin alice --app tuf --root-sha256 "$ROOT" -o json',
    'FOO=bar bin/tuf-recovery verify ./dir \\\n  --policy=strict | jq .verdict',
    'kubectl tuf-recovery run alice/tuf --wait && kubectl tuf-recovery status -A',
    'tuf-recovery recover … --task-id UUID --approve sha256:…',
    'ID=$(kubectl tuf-recovery report "$NAME" | jq -r .id) # done',
    'npm run demo -- --keep',
    'helm install x charts/x --set image.tag=dev --set labels.anything=goes --set=list[0].name=x',
    'cat <<EOF\ntuf-recovery nonsense\nEOF\necho done',
  ])('as they are: %s', (script) => {
    expect(found(script)).toEqual([]);
  });

  test.each([
    ['tuf-recovery plan --adminn alice', 'tuf-recovery plan has no flag --adminn'],
    ['kubectl tuf-recovery start alice/tuf', 'kubectl tuf-recovery has no command start'],
    ['true && tuf-recovery verify a b', 'tuf-recovery verify takes 1 arguments, not 2'],
    ['tuf-recovery verify . --policy lax', 'tuf-recovery verify --policy: "lax" is none of recovery, strict'],
    ['tuf-recovery plan --admin', 'tuf-recovery plan --admin needs a value'],
    ['npm run dmo', 'package.json has no script "dmo"'],
    ['helm install x . --set image.tags=dev', 'the chart has no value image.tags'],
  ])('as they are not: %s', (script, what) => {
    expect(found(script)).toEqual([what]);
  });

  test('of a console block stand behind its prompt', () => {
    expect(found('$ tuf-recovery nonsense\ntuf-recovery printed', 'console')).toEqual([
      'tuf-recovery has no command nonsense',
    ]);
  });
});

describe('manifests', () => {
  const crd: CRD = {
    spec: {
      group: 'example.dev',
      names: { kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          schema: {
            openAPIV3Schema: {
              properties: {
                spec: {
                  type: 'object',
                  required: ['size'],
                  properties: {
                    size: { type: 'integer' },
                    color: { type: 'string', enum: ['Red', 'Blue'] },
                    parts: {
                      type: 'array',
                      items: { type: 'object', properties: { name: { type: 'string' } } },
                    },
                    labels: { type: 'object', additionalProperties: { type: 'string' } },
                  },
                },
              },
            },
          },
        },
      ],
    },
  };
  const found = (yaml: string): readonly string[] =>
    wrongManifests(new Map([['page.md', readPage(fence('yaml', yaml))]]), [crd]).map(({ what }) => what);
  const widget = (spec: string): string => `apiVersion: example.dev/v1\nkind: Widget\nspec: ${spec}`;

  test.each([
    widget('{size: 1, color: Red, parts: [{name: a}], labels: {any: thing}}'),
    'apiVersion: v1\nkind: Secret\nanything: goes',
    'just: a\nfragment: of something',
  ])('as they are: %s', (yaml) => {
    expect(found(yaml)).toEqual([]);
  });

  test.each([
    [widget('{size: 1, colour: Red}'), 'spec has no field colour'],
    [widget('{color: Red}'), 'spec lacks size'],
    [widget('{size: 1, color: Green}'), 'spec.color is "Green", none of Red, Blue'],
    [widget('{size: 1, parts: [{nam: a}]}'), 'spec.parts[0] has no field nam'],
    ['apiVersion: example.dev/v2\nkind: Widget', 'there is no kind Widget in example.dev/v2'],
    ['a: [b', expect.stringContaining('Flow sequence')],
  ])('as they are not: %s', (yaml, what) => {
    expect(found(yaml)).toEqual([what]);
  });
});
