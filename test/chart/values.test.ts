import { describe, expect, test } from 'vitest';
import { CHART, EVERYTHING, helm, render } from './helm.ts';

const shim = ['shim.enabled=true', 'shim.auth.sharedSecret.existingSecret=s', 'shim.admins.names={alice}'];

describe('helm lint finds nothing', () => {
  test.each([
    ['with the defaults', []],
    ['with everything on', EVERYTHING],
  ])('%s', async (_what, values) => {
    const set = values.map((value) => `--set=${value}`);
    const output = await helm(['lint', CHART, '--strict', '--kube-version=1.36', ...set]);
    expect(output).toContain('0 chart(s) failed');
    expect(output).not.toMatch(/\[(WARNING|ERROR)\]/);
  });
});

describe('a wrong value is refused and named:', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a misspelt name', ['contoller.replicas=1'], /'contoller' not allowed/],
    ['a misspelt name further down', ['controller.replica=1'], /'replica' not allowed/],
    ['a word for a number', ['controller.replicas=two'], /\/controller\/replicas.*want integer/],
    ['no runs at once', ['controller.maxConcurrentRuns=0'], /\/controller\/maxConcurrentRuns/],
    ['an unknown log level', ['controller.logLevel=verbose'], /\/controller\/logLevel/],
    ['a namespace that can not exist', ['watchNamespaces={Prod_1}'], /\/watchNamespaces\/0/],
    ['a namespace given twice', ['watchNamespaces={a,a}'], /\/watchNamespaces/],
    ['a digest that is none', ['image.digest=sha256:abc'], /\/image\/digest/],
    ['a port that does not exist', ['networkPolicy.redis.ports={70000}'], /\/networkPolicy\/redis\/ports\/0/],
    [
      'an interval without a unit',
      ['monitoring.podMonitor.interval=30'],
      /\/monitoring\/podMonitor\/interval/,
    ],
    ['the shim without a secret', ['shim.enabled=true', 'shim.admins.names={a}'], /existingSecret/],
    ['the shim without admins', shim.slice(0, 2), /\/shim\/admins/],
    ['two ways to find admins', [...shim, 'shim.admins.serverURL=http://s:9000'], /\/shim\/admins/],
    ['JWKS without a URL', [...shim, 'shim.auth.mode=JWKS'], /\/shim\/auth\/jwks\/url/],
    [
      'JWKS without an audience',
      [...shim, 'shim.auth.mode=JWKS', 'shim.auth.jwks.url=http://i', 'shim.auth.issuer=i'],
      /\/shim\/auth\/audience/,
    ],
    ['an algorithm that is none', [...shim, 'shim.auth.algorithms={none}'], /\/shim\/auth\/algorithms/],
    ['OIDC without an issuer', [...shim, 'shim.auth.mode=OIDC'], /\/shim\/auth\/issuer/],
    [
      'a clock that is a minute and more off',
      [...shim, 'shim.auth.clockToleranceSeconds=61'],
      /clockTolerance/,
    ],
    ['a route without a gateway', [...shim, 'shim.httpRoute.enabled=true'], /\/shim\/httpRoute\/parentRefs/],
    ['credentials in a URL', [...shim, 'shim.admins.serverURL=http://u:p@s'], /serverURL/],
  ])('%s', async (_what, values, message) => {
    await expect(render(...values)).rejects.toThrow(message);
  });

  test('scraping the same ports twice', async () => {
    const both = ['monitoring.serviceMonitor.enabled=true', 'monitoring.podMonitor.enabled=true'];
    await expect(render(...both)).rejects.toThrow(/enable one of them/);
  });

  test('a service account that is not created and not named', async () => {
    const values = ['controller.serviceAccount.create=false'];
    await expect(render(...values)).rejects.toThrow(/controller\.serviceAccount\.name is needed/);
  });

  test('a cluster that is too old', async () => {
    const old = helm(['template', 'r', CHART, '--kube-version=1.29.9']);
    await expect(old).rejects.toThrow(/>=1\.30\.0/);
  });
});
