import { expect, test } from 'vitest';
import { unitTests } from './unit-tests.ts';

const unit = new Set(unitTests(process.cwd()));

test.each([
  ['pure functions', 'test/recovery/classify.test.ts'],
  ["servers of Node.js in the test's own process", 'test/storage/http.test.ts'],
])('the fast lane has what needs nothing but Node.js: %s', (_what, file) => {
  expect(unit).toContain(file);
});

test.each([
  ['Redis', 'test/redis/tls.test.ts'],
  ['S3', 'test/storage/s3.test.ts'],
  ['the API server that a run shares', 'test/controllers/policy.test.ts'],
  ['the program itself', 'test/cli/usage.test.ts'],
])('the fast lane leaves out what starts %s, however far down', (_what, file) => {
  expect(unit).not.toContain(file);
});
