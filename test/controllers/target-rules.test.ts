import { describe, expect, test } from 'vitest';
import {
  assertAmbientAllowed,
  assertReachable,
} from '../../src/controllers/target-connection/target-rules.ts';

const rules = {
  podNamespace: undefined,
  ambientNamespaces: ['prod'],
  apiServer: () => ({ host: '127.0.0.1', port: 6443 }),
};

describe('what an installation allows targets', () => {
  test('its own identity for namespaces it names, and for AWS alone', () => {
    expect(() => assertAmbientAllowed('prod', undefined, rules)).not.toThrow();
    expect(() => assertAmbientAllowed('dev', undefined, rules)).toThrow(
      /may not use the controller's own identity/,
    );
    expect(() => assertAmbientAllowed('prod', 'https://minio.prod.svc', rules)).toThrow(
      /never goes to storage.endpoint/,
    );
    expect(() =>
      assertAmbientAllowed('dev', undefined, { ...rules, ambientNamespaces: ['*'] }),
    ).not.toThrow();
  });

  test('every server but the API server, whatever name it goes by', async () => {
    await expect(assertReachable('127.0.0.1', 6379, rules)).resolves.toBeUndefined();
    await expect(assertReachable('127.0.0.1', 6443, rules)).rejects.toThrow(/is the API server/);
    await expect(assertReachable('localhost', 6443, rules)).rejects.toThrow(/is the API server/);
    await expect(assertReachable('0x7f.1', 6443, rules)).rejects.toThrow(/is the API server/);
  });

  test.each([
    ['169.254.169.254', 'link-local'],
    ['[::ffff:169.254.169.254]', 'link-local'],
    ['[::ffff:a9fe:a9fe]', 'link-local'],
    ['[64:ff9b::a9fe:a9fe]', 'link-local'],
    ['[fe80::1%lo]', 'link-local'],
    ['[fd00:ec2::254]', 'link-local'],
    ['100.100.100.200', 'link-local'],
    ['127.0.0.2', 'the API server'],
    ['0.0.0.0', 'the API server'],
    ['[::ffff:127.0.0.1]', 'the API server'],
    ['[::1]', 'the API server'],
    ['[::]', 'the API server'],
  ])('%s is refused as %s', async (host, what) => {
    await expect(assertReachable(host, 6443, rules)).rejects.toThrow(what);
  });

  test('a name that does not resolve is left to the connection attempt', async () => {
    await expect(assertReachable('nowhere.invalid', 443, rules)).resolves.toBeUndefined();
  });
});
