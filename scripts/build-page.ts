/**
 * Builds the page of the dashboard alone, for a program that runs from its sources. Run by `npm run setup`.
 */
import { join } from 'node:path';
import { root } from './build/bundle.ts';
import { buildPage } from './build/page.ts';

await buildPage(join(root, 'dist', 'dashboard'));
