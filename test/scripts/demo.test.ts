import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('npm run demo shows a lost app come back and ends with success', async () => {
  const { KUBECONFIG: _, S3_ENDPOINT: __, ...env } = process.env;
  const { stdout } = await run(process.execPath, ['scripts/demo.ts'], { env });
  expect(stdout).toContain(
    '17 of 17 settings are back: the marker names this run, all others are as they were',
  );
  expect(stdout).toMatch(/kubectl get bsr\s+NAME.*SUCCEEDED.*\n\s+tuf.*FullLoss\s+True\s+Recovered/);
  expect(stdout).not.toContain('✗');
});

test('npm run demo says what is wrong with its environment and fails', async () => {
  const { S3_ACCESS_KEY: _, ...rest } = process.env;
  const env = { ...rest, S3_ENDPOINT: 'http://127.0.0.1:9' };
  const ended = run(process.execPath, ['scripts/demo.ts'], { env });
  await expect(ended).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('Set S3_ACCESS_KEY and S3_SECRET_KEY too'),
  });
});
