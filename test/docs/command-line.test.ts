import { afterAll, beforeAll, test } from 'vitest';
import { follow } from './follow.ts';
import { type LostApp, startLostApp } from './lost-app.ts';
import { transcriptOf } from './transcript.ts';

let lost: LostApp;

beforeAll(async () => {
  lost = await startLostApp(1.5);
  await lost.lose('everything');
});

afterAll(() => lost?.[Symbol.asyncDispose]());

test('a reader who follows the command-line page brings the app back', async () => {
  const { s3, redisAddress, directory, path, bucket } = lost;
  await follow(await transcriptOf('docs/tasks/command-line.md'), {
    env: { PATH: path, HOME: directory },
    values: {
      S3_ENDPOINT: s3.endpoint,
      S3_REGION: s3.region,
      S3_BUCKET_NAME: bucket,
      S3_ACCESS_KEY: s3.credentials.accessKeyId,
      S3_SECRET_KEY: s3.credentials.secretAccessKey,
      REDIS_HOST: redisAddress.host,
      REDIS_PORT: String(redisAddress.port),
      REDIS_PASSWORD: redisAddress.password,
      ROOT: `${directory}/1.root.json`,
      BACKUP: `${directory}/tuf_metadata`,
    },
  });
});
