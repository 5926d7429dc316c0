import { signDemoApp } from './app.ts';
import { startParts } from './parts.ts';
import type { Screen } from './screen.ts';
import { readSettings, same, settingRows } from './settings.ts';
import { followRun } from './watch.ts';

const manifest = `apiVersion: tuf-recovery.dev/v1alpha1
kind: BootstrapRecovery
metadata:
  name: tuf
spec: { adminName: alice, appName: tuf }
`;

/**
 * The story on Kubernetes: a healthy app, its Redis emptied, five lines of YAML, the app back. Everything is
 * real: API server, Redis, S3 server, signatures, the controller as its own process, kubectl.
 *
 * @param keep whether everything is left running afterwards, until Ctrl-C
 * @returns whether every restored setting equals the original one
 */
export async function showKubernetes(screen: Screen, keep: boolean): Promise<boolean> {
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
    '3  Five lines of YAML',
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

  if (keep) {
    await parts.keep(screen);
  }
  return right;
}
