import { afterAll, beforeAll, describe, test } from 'vitest';
import { startFaultProxy } from '../harness/faultproxy.ts';
import { faults, killOnce, losses, type Scene, stages } from './fixtures/kill.ts';
import { startSite } from './fixtures/site.ts';

const stack = new AsyncDisposableStack();
let scene: Scene;

beforeAll(async () => {
  const site = stack.use(await startSite('deleg'));
  const proxy = stack.use(await startFaultProxy(site.redis));
  scene = { site, proxy };
});

afterAll(() => stack.disposeAsync());

describe.each(faults)('%s', (fault) => {
  describe.each(losses)('after %s was lost', (loss) => {
    test.each(stages)(
      'at %s leaves the old or the new state, and the next attempt ends right',
      async (stage) => {
        await killOnce(scene, { stage, fault, loss });
      },
    );
  });
});
