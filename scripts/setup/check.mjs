import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { clusterNodeTools } from './cluster-node-tools.mjs';
import { proveItRuns } from './go.mjs';
import { findOnPath, isExecutable, locateChromium, locateGoPart, locateRedis } from './locate.mjs';
import { goParts } from './parts.mjs';
import { pausePath } from './pause.mjs';
import { flavourServer, REDIS_FLAVOURS } from './redis-flavours.mjs';

const run = promisify(execFile);

/**
 * One line of the table.
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} state
 * @property {string} where
 * @property {boolean} there
 * @property {boolean} [optional] npm test does without it
 */

/**
 * Looks at everything, runs what is there, installs nothing.
 *
 * @param {string} projectNode path of the project's own Node
 * @returns {Promise<readonly Row[]>}
 */
export async function checkAll(projectNode) {
  const redis = locateRedis();
  const chromium = locateChromium();
  return Promise.all([
    program('node', projectNode, ['--version'], 'npm packages'),
    program('redis-server', redis?.path, ['--version'], redis?.source),
    program('chromium', chromium?.path, ['--version'], chromium?.source),
    program('openssl', findOnPath('openssl'), ['version'], 'PATH'),
    ...goParts().map(goPartRow),
    file('pause', pausePath(), 'compiled by npm run setup e2e-node'),
    ...clusterNodeTools().map(({ name, path }) =>
      file(name, path, 'a Debian package, installed by npm run setup e2e-node'),
    ),
    ...REDIS_FLAVOURS.map(({ name }) =>
      file(name, flavourServer(name), 'installed by npm run setup redis-flavours'),
    ),
    file('git', findOnPath('git'), 'npm run e2e:flux needs it on PATH'),
  ]);
}

/**
 * What only some commands need, and what is there or not.
 *
 * @param {string} name
 * @param {string | undefined} path
 * @param {string} otherwise where it comes from
 * @returns {Row}
 */
function file(name, path, otherwise) {
  return path !== undefined && existsSync(path)
    ? { name, state: 'present', where: path, there: true }
    : { name, state: 'missing', where: otherwise, there: false, optional: true };
}

/**
 * @param {import('./parts.mjs').GoPart} part
 * @returns {Promise<Row>}
 */
async function goPartRow(part) {
  const { path, source } = locateGoPart(part.name);
  const name = part.name;
  if (!isExecutable(path)) {
    const command = part.neededFor.includes('test') ? 'npm run setup' : `npm run setup ${part.neededFor[0]}`;
    const where = `built by ${command}, in ${part.effort}`;
    return { name, state: 'missing', where, there: false, optional: !part.neededFor.includes('test') };
  }
  if (source !== 'cache') {
    return program(name, path, part.versionArgs, source);
  }
  try {
    await proveItRuns(part, path);
    return { name, state: part.version, where: path, there: true };
  } catch (error) {
    return {
      name,
      state: 'broken',
      where: error instanceof Error ? error.message : String(error),
      there: false,
    };
  }
}

/**
 * @param {string} name
 * @param {string | undefined} path
 * @param {readonly string[]} versionArgs
 * @param {string | undefined} source
 * @returns {Promise<Row>}
 */
async function program(name, path, versionArgs, source) {
  if (!path || !isExecutable(path)) {
    return { name, state: 'missing', where: path ?? '', there: false };
  }
  try {
    const { stdout } = await run(path, [...versionArgs]);
    return {
      name,
      state: stdout.match(/\d+(\.\d+)+/)?.[0] ?? 'present',
      where: `${path} (${source})`,
      there: true,
    };
  } catch (error) {
    return {
      name,
      state: 'broken',
      where: error instanceof Error ? error.message : String(error),
      there: false,
    };
  }
}

/**
 * @param {readonly Row[]} rows
 * @returns {string}
 */
export function table(rows) {
  /** @param {'name' | 'state'} column */
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  const [names, states] = [width('name'), width('state')];
  return rows
    .map(
      ({ name, state, where, there, optional }) =>
        `${there ? '✓' : optional ? '-' : '✗'} ${name.padEnd(names)}  ${state.padEnd(states)}  ${where}\n`,
    )
    .join('');
}
