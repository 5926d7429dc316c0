/**
 * Writes every generated file of the repository; with `--check` writes nothing and fails when one differs
 * from what would be written.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { generateAPIReference } from './generate/api-reference.ts';
import { architectureDiagram } from './generate/architecture.ts';
import { chartCRDs } from './generate/chart-crds.ts';
import { generateChartReference } from './generate/chart-values.ts';
import { generateCommandLinePage } from './generate/command-line.ts';
import { generateFindingsReference } from './generate/findings.ts';
import { generateHTTPReference } from './generate/http.ts';
import { generateInstallManifest } from './generate/install-manifest.ts';
import { generateMetricsPage } from './generate/metrics.ts';
import { generateNotificationsPage } from './generate/notifications.ts';
import { generateOutputSchemas } from './generate/output-schemas.ts';
import { generateRunFindingsPage } from './generate/run-findings.ts';
import { generateRunbooks } from './generate/runbooks.ts';
import { scenariosPage } from './generate/scenarios.ts';
import { generateStatusBounds } from './generate/status-bounds.ts';
import { generateSupportPage } from './generate/support.ts';
import { generateTypes } from './generate/types.ts';

/** A generator returns the files it owns: path relative to the repository root → content. */
type Generator = () => Promise<ReadonlyMap<string, string>> | ReadonlyMap<string, string>;

const generators: readonly Generator[] = [
  generateTypes,
  generateStatusBounds,
  generateAPIReference,
  chartCRDs,
  generateChartReference,
  generateHTTPReference,
  generateInstallManifest,
  architectureDiagram,
  generateCommandLinePage,
  generateOutputSchemas,
  generateFindingsReference,
  generateRunFindingsPage,
  generateMetricsPage,
  generateRunbooks,
  generateNotificationsPage,
  scenariosPage,
  generateSupportPage,
];

const check = process.argv.includes('--check');
let stale = 0;
for (const generate of generators) {
  for (const [path, content] of await generate()) {
    const present = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return undefined;
      }
      throw error;
    });
    if (present === content) {
      continue;
    }
    if (check) {
      stale += 1;
      console.error(`${path} is out of date: run npm run generate and commit the result`);
    } else {
      await writeFile(path, content);
      console.log(`wrote ${path}`);
    }
  }
}
process.exitCode = stale > 0 ? 1 : 0;
