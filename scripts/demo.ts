/**
 * `npm run demo`: a healthy app, its Redis emptied, five lines of YAML, the app back. Everything is real: API
 * server, Redis, S3 server, signatures, the controller as its own process, kubectl. Ends with exit code 0
 * only when every restored setting equals the original one.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { signDemoApp } from './demo/app.ts';
import { startParts } from './demo/parts.ts';
import { terminalPicture } from './demo/picture.ts';
import { Screen } from './demo/screen.ts';
import { readSettings, same, settingRows } from './demo/settings.ts';
import { followRun } from './demo/watch.ts';

const { values: flags } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    picture: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (flags.help) {
  console.log(`npm run demo [-- --keep] [-- --picture FILE]

  --keep           leave everything running afterwards, until Ctrl-C
  --picture FILE   write what was shown as an SVG`);
  process.exit(0);
}

const screen = new Screen(process.stdout);
const manifest = `apiVersion: tuf-recovery.dev/v1alpha1
kind: BootstrapRecovery
metadata:
  name: tuf
spec: { adminName: alice, appName: tuf }
`;

try {
  process.exitCode = await demo();
  if (flags.picture !== undefined) {
    await writeFile(flags.picture, terminalPicture(screen.transcript));
  }
} catch (error) {
  screen.settle(`\n  ${screen.red('✗')} ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function demo(): Promise<number> {
  screen.chapter(
    '1  A server and its app',
    '  A faynoSync server keeps signed metadata in S3, and the state of its TUF set-up only in Redis.',
  );
  await using parts = await startParts(screen);
  const app = await screen.step(
    'sign the app alice/tuf: root, targets, snapshot, timestamp, two delegated roles',
    () => signDemoApp(parts.written),
  );
  await screen.step(`upload ${app.objects.length} files to s3://${parts.bucket}/${app.prefix}`, () =>
    parts.upload(app.objects),
  );
  await parts.redis.mset(app.settings);
  const original = await readSettings(parts.redis, app.suffix);
  screen.text('');
  screen.table(['setting', 'value'], settingRows(original));

  screen.chapter(
    '2  Redis loses everything',
    '  Now nothing can be published, signed or refreshed: the server answers 404 and 409, and clients stop trusting the app when the timestamp expires.',
  );
  await parts.redis.flushall();
  screen.terminal('redis-cli FLUSHALL', 'OK');
  screen.terminal('redis-cli DBSIZE', `(integer) ${await parts.redis.dbsize()}`);

  screen.chapter(
    '3  Six lines of YAML',
    '  The controller verifies the whole chain in S3 against the pinned root before it believes a byte of it.',
  );
  await screen.step('start the controller', () => parts.startController(app.rootSHA256));
  screen.text('');
  screen.terminal('kubectl apply -f - <<EOF', `${manifest}EOF`);
  screen.text(screen.dim((await parts.kubectl(['apply', '-f', '-'], manifest)).trim()));
  screen.text('');
  const taskID = await followRun(parts, 'tuf', screen);
  screen.text('');
  screen.terminal('kubectl get bsr', await parts.kubectl(['get', 'bsr']));

  screen.chapter(
    '4  Is it right?',
    '  Not the days that were left, but the lifetimes that were configured: each with where it came from and how sure that is.',
  );
  const restored = await readSettings(parts.redis, app.suffix);
  const run = await parts.run('tuf');
  const comparison = [...original].map(([key, before]) => {
    const action = run.plan.find((planned) => planned.key === key);
    // The marker names the task that completed the bootstrap, so after a recovery it is this task's id.
    const expected = key.startsWith('BOOTSTRAP_') ? taskID : before;
    return { key, before, after: restored.get(key), right: restored.get(key) === expected, action };
  });
  screen.table(
    ['', 'setting', 'before', 'after', 'source', 'confidence'],
    comparison.map(({ key, before, after, right, action }) => [
      right ? '✓' : '✗',
      key,
      before || '""',
      after === undefined ? 'missing' : after || '""',
      action?.source ?? '',
      action?.confidence ?? '',
    ]),
  );
  screen.text('');
  screen.text(
    screen.dim('BOOTSTRAP names the task that completed the bootstrap; from now on that is this run.'),
  );
  const right =
    comparison.every((row) => row.right) && same(new Set(original.keys()), new Set(restored.keys()));
  screen.text('');
  screen.text(
    right
      ? screen.green(
          `✓ ${original.size} of ${original.size} settings are back: the marker names this run, all others are as they were. ${screen.elapsed()} in all.`,
        )
      : screen.red('✗ The restored settings differ from the original ones. This is a bug: please report it.'),
  );

  if (flags.keep) {
    await parts.keep(screen);
  }
  return right ? 0 : 1;
}
