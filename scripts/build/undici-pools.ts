import { dirname } from 'node:path';
import type { Plugin } from 'esbuild';

/** Who needs no more of undici than connection pools: the client of the API server. */
const importers = /\/(src\/kube|@kubernetes\/client-node\/dist)\//;

/** The pools that are asked for, and what undici's index adds to all of them. */
const pools = [
  "import Dispatcher from './lib/dispatcher/dispatcher.js';",
  "import api from './lib/api/index.js';",
  "export { default as Agent } from './lib/dispatcher/agent.js';",
  "export { default as ProxyAgent } from './lib/dispatcher/proxy-agent.js';",
  "export { default as Socks5ProxyAgent } from './lib/dispatcher/socks5-proxy-agent.js';",
  "export { default as buildConnector } from './lib/core/connect.js';",
  'Object.assign(Dispatcher.prototype, api);',
].join('\n');

/**
 * undici's index loads all of it: fetch, caches, WebSockets, mocks. For an importer that only needs pools the
 * bundle begins at those, which saves 3 MiB in every controller. A name that is not among them fails the
 * build.
 */
export const undiciPools: Plugin = {
  name: 'undici-pools',
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, async ({ importer, kind, pluginData, resolveDir }) => {
      if (pluginData === undiciPools.name || !importers.test(importer)) {
        return undefined;
      }
      const index = await build.resolve('undici', { kind, resolveDir, pluginData: undiciPools.name });
      return { path: 'pools', namespace: 'undici-pools', pluginData: dirname(index.path) };
    });
    build.onLoad({ filter: /.*/, namespace: 'undici-pools' }, ({ pluginData: resolveDir }) => ({
      contents: pools,
      resolveDir,
    }));
  },
};
