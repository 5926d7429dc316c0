/**
 * Fails when a page says something that is not so: a link that leads nowhere, a manifest of our kinds the API
 * server would refuse, a command this program would not understand. Run by `npm run check`.
 */
import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import packageJSON from '../package.json' with { type: 'json' };
import { wrongCommands } from './checks/commands.ts';
import { brokenLinks } from './checks/links.ts';
import { type CRD, wrongManifests } from './checks/manifests.ts';
import { pagesBelow } from './checks/pages.ts';

const root = process.cwd();
const pages = pagesBelow(root);
// The CRDs are ours, and the API server holds them against its own schema in the tests.
const crds = globSync('crds/*.yaml').map((file): CRD => parse(readFileSync(file, 'utf8')));
const known = {
  npmScripts: new Set(Object.keys(packageJSON.scripts)),
  chartValues: parse(readFileSync('charts/tuf-recovery-operator/values.yaml', 'utf8')),
};
const problems = [
  ...brokenLinks(root, pages),
  ...wrongManifests(pages, crds),
  ...wrongCommands(pages, known),
];
for (const { file, line, what } of problems) {
  console.error(`${file}:${line}: ${what}`);
}
console.log(`docs: ${pages.size} pages checked, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
