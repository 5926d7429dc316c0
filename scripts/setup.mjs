// Installs what the project needs and is not there yet: npm packages, Redis, Chromium, and the programs that
// it is tested against, built from pinned Go modules into a cache that all clones share.
//
//   node scripts/setup.mjs [node|engine|demo|chart|test|future]
//                                               everything for one purpose; default: test. engine is what the
//                                               demo starts with, future what npm run
//                                               test:future needs beside it
//   node scripts/setup.mjs e2e-node|e2e-flux    what npm run e2e:node and e2e:flux need; slow to build
//   node scripts/setup.mjs redis-flavours       the servers of the Redis family that npm run test:flavours
//                                               runs on
//   node scripts/setup.mjs --check              shows what is there and where, installs nothing
//
// Plain JavaScript without dependencies, for Node 20 and newer: it runs before anything is installed.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundle } from './setup/bundle.mjs';
import { checkAll, table } from './setup/check.mjs';
import { ensureChromium } from './setup/chromium.mjs';
import { ensureClusterNodeTools } from './setup/cluster-node-tools.mjs';
import { SetupFailure } from './setup/failure.mjs';
import { ensureGoPart } from './setup/go.mjs';
import { isExecutable, locateGoPart } from './setup/locate.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { requireOpenssl } from './setup/openssl.mjs';
import { ensurePage } from './setup/page.mjs';
import { goParts } from './setup/parts.mjs';
import { ensurePause } from './setup/pause.mjs';
import { createProgress } from './setup/progress.mjs';
import { ensureRedis } from './setup/redis.mjs';
import { ensureRedisFlavours } from './setup/redis-flavours.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PURPOSES = /** @type {const} */ ([
  'node',
  'engine',
  'demo',
  'chart',
  'test',
  'future',
  'e2e-node',
  'e2e-flux',
  'redis-flavours',
]);
const USAGE = `usage: node scripts/setup.mjs [${PURPOSES.join('|')}] | --check\n`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupFailure)) {
    throw error;
  }
  process.stderr.write(`\nSet-up stopped: ${error.message}\n`);
  process.exitCode = 1;
}

/** @param {readonly string[]} args */
async function main(args) {
  if (args.length === 1 && args[0] === '--check') {
    const rows = await checkAll(join(ROOT, 'node_modules', '.bin', 'node'));
    process.stdout.write(table(rows));
    return rows.every(({ there, optional }) => there || optional) ? 0 : 1;
  }
  const purpose = args.length === 0 ? 'test' : PURPOSES.find((candidate) => candidate === args[0]);
  if (!purpose || args.length > 1) {
    process.stderr.write(USAGE);
    return 64;
  }
  await install(purpose);
  if (purpose === 'test') {
    // A person, and the tests even more so, start the program many times.
    await buildBundle(ROOT, createProgress(process.stderr));
  }
  return 0;
}

/** @param {import('./setup/parts.mjs').Purpose} purpose */
async function install(purpose) {
  const progress = createProgress(process.stderr);
  await ensurePage(ROOT, await ensurePackages(ROOT, progress), progress);
  if (purpose === 'node') {
    return;
  }
  if (purpose === 'engine') {
    await ensureRedis(progress);
    return;
  }
  if (purpose === 'redis-flavours') {
    await ensureRedis(progress);
    await ensureRedisFlavours(progress);
    return;
  }
  requireOpenssl();
  if (purpose !== 'chart') {
    await ensureRedis(progress);
  }
  if (purpose === 'test') {
    await ensureChromium(progress);
  }
  if (purpose === 'e2e-node') {
    await ensureClusterNodeTools(progress);
    await ensurePause(progress);
  }
  for (const part of goParts().filter(({ neededFor }) => neededFor.includes(purpose))) {
    const { path, source } = locateGoPart(part.name);
    if (source === 'cache') {
      await ensureGoPart(part, progress);
    } else if (!isExecutable(path)) {
      throw new SetupFailure(`${source} names ${path}, which isn't an executable file.`);
    }
  }
}
