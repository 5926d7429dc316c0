import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/cli/options/env.ts';
import { runCLI } from './run-cli.ts';

describe('the S3 endpoint follows the rule of the server:', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['AWS itself needs none', { S3_ENDPOINT: 'https://bucket.s3.eu-central-1.amazonaws.com' }, undefined],
    ['nothing set', {}, undefined],
    ['a compatible store', { S3_ENDPOINT: 'https://s3.example.com' }, 'https://s3.example.com'],
    [
      'the private endpoint before the public one',
      { S3_ENDPOINT_PRIVATE: 'http://garage:3900', S3_ENDPOINT: 'https://cdn.example.com' },
      'http://garage:3900',
    ],
    [
      'the API endpoint before all',
      { S3_API_ENDPOINT: 'http://api:9000', S3_ENDPOINT_PRIVATE: 'http://private:9000' },
      'http://api:9000',
    ],
    [
      'MinIO with a private store beside it',
      {
        STORAGE_DRIVER: 'minio',
        S3_ENDPOINT: 'minio:9000',
        S3_ENDPOINT_PRIVATE: 'private:9000',
        S3_API_ENDPOINT: 'http://api:9000',
      },
      'http://minio:9000',
    ],
    [
      'DigitalOcean with a private store beside it',
      {
        STORAGE_DRIVER: 'digitalocean',
        S3_ENDPOINT: 'nyc3.example.com',
        S3_ENDPOINT_PRIVATE: 'fra1.example.com',
      },
      'https://nyc3.example.com',
    ],
    ['MinIO without scheme', { STORAGE_DRIVER: 'minio', S3_ENDPOINT: 'minio:9000' }, 'http://minio:9000'],
    [
      'MinIO without scheme over TLS',
      { STORAGE_DRIVER: 'minio', S3_ENDPOINT: 'minio:9000', MINIO_SECURE: 'true' },
      'https://minio:9000',
    ],
    [
      'DigitalOcean without scheme',
      { STORAGE_DRIVER: 'digitalocean', S3_ENDPOINT: 'nyc3.digitaloceanspaces.com' },
      'https://nyc3.digitaloceanspaces.com',
    ],
  ])('%s', (_what, variables, endpoint) => {
    expect(readEnvironment(variables).s3.endpoint).toBe(endpoint);
  });
});

test('an empty variable counts as not set', () => {
  expect(readEnvironment({ REDIS_PASSWORD: '', S3_REGION: '', NO_COLOR: '' })).toEqual(readEnvironment({}));
});

test.each([
  [{}, undefined],
  [{ NO_COLOR: '1' }, false],
  [{ FORCE_COLOR: '1' }, true],
  [{ FORCE_COLOR: '0' }, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('colour is decided by %j', (variables, color) => {
  expect(readEnvironment(variables).color).toBe(color);
});

test('the driver gcp is answered with what to set', async () => {
  const env = { STORAGE_DRIVER: 'gcp', S3_BUCKET_NAME: 'updates', REDIS_HOST: '127.0.0.1' };
  const { code, stderr } = await runCLI(['plan', '--admin', 'a', '--app', 'b', '--trust-on-first-use'], {
    env,
  });
  expect(stderr).toMatch(/HMAC keys.*--s3-endpoint https:\/\/storage\.googleapis\.com/s);
  expect(code).toBe(64);
});
