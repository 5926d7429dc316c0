import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Builds the page of the dashboard where it is missing or older than its sources. The program runs from its
 * sources; a browser does not.
 *
 * @param {string} root of the clone
 * @param {string} node the project's own
 * @param {import('./progress.mjs').Progress} progress
 * @returns {Promise<void>}
 */
export async function ensurePage(root, node, progress) {
  const built = modifiedAt(join(root, 'dist', 'dashboard', 'main.js'));
  const page = join(root, 'src', 'dashboard', 'page');
  const sources = [join(root, 'package-lock.json'), ...readdirSync(page).map((name) => join(page, name))];
  if (built !== undefined && sources.every((source) => (modifiedAt(source) ?? 0) <= built)) {
    return;
  }
  const step = progress.start('dashboard', 'building its page');
  try {
    await run(node, [join(root, 'scripts', 'build-page.ts')]);
    step.done('built');
  } catch (error) {
    step.failed();
    throw error;
  }
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
