import { describe, expect, test } from 'vitest';
import { proxyRule } from '../../src/net/proxy-rule.ts';

const PROXY = 'http://proxy:3128';

/** Whether the URL is reached directly with this NO_PROXY. */
function isDirect(noProxy: string, url: string): boolean {
  return proxyRule({ httpProxy: PROXY, httpsProxy: PROXY, noProxy })(new URL(url)) === undefined;
}

describe('NO_PROXY', () => {
  test.each([
    ['example.com', 'https://example.com/x'],
    ['example.com', 'https://s3.example.com'],
    ['example.com', 'https://S3.EXAMPLE.COM.'],
    ['.example.com', 'https://s3.example.com'],
    ['*.example.com', 'https://s3.example.com'],
    ['a, b ,example.com', 'http://example.com'],
    ['example.com:443', 'https://example.com'],
    ['example.com:80', 'http://example.com'],
    ['example.com:9000', 'http://example.com:9000'],
    ['10.0.0.0/8', 'https://10.1.2.3:6443'],
    ['192.168.7.9', 'http://192.168.7.9'],
    ['192.168.7.9:9000', 'http://192.168.7.9:9000'],
    ['fd00::/8', 'https://[fd12::1]:6443'],
    ['fd12::1', 'https://[fd12::1]'],
    ['[fd12::1]:443', 'https://[fd12::1]'],
    ['*', 'https://anything.example'],
    ['', 'http://localhost:9000'],
    ['', 'http://127.8.0.1'],
    ['', 'http://[::1]:1'],
  ])('%j sends %s directly', (noProxy, url) => {
    expect(isDirect(noProxy, url)).toBe(true);
  });

  test.each([
    ['', 'https://example.com'],
    ['example.com', 'https://notexample.com'],
    ['example.com', 'https://example.com.evil'],
    ['.example.com', 'https://example.com'],
    ['example.com:80', 'https://example.com'],
    ['10.0.0.0/8', 'https://11.0.0.1'],
    ['10.0.0.0/8', 'https://10.example.com'],
    ['10.0.0.0/99', 'https://10.0.0.1'],
    ['192.168.7.9:9000', 'http://192.168.7.9'],
    ['fd00::/8', 'https://[fe80::1]'],
  ])('%j sends %s through the proxy', (noProxy, url) => {
    expect(isDirect(noProxy, url)).toBe(false);
  });
});

describe('the proxy', () => {
  test('is chosen by the scheme of the URL', () => {
    const rule = proxyRule({ httpProxy: 'http://plain:1', httpsProxy: 'http://tls:2' });
    expect(rule(new URL('http://example.com'))).toBe('http://plain:1');
    expect(rule(new URL('https://example.com'))).toBe('http://tls:2');
    expect(proxyRule({ httpsProxy: 'http://tls:2' })(new URL('http://example.com'))).toBeUndefined();
  });

  test('without a scheme is an HTTP proxy', () => {
    expect(proxyRule({ httpProxy: 'proxy:3128' })(new URL('http://example.com'))).toBe(PROXY);
  });

  test('is none where none is set', () => {
    expect(proxyRule({ noProxy: 'x' })(new URL('http://example.com'))).toBeUndefined();
  });
});
