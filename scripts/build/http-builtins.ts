import type { Plugin } from 'esbuild';

/**
 * An ESM import of `node:http` reads every property of that module for its named exports, and one of them is
 * a getter that loads the whole `fetch` of Node.js: 50 ms of CPU at each start (Node.js 24.21). `require`
 * reads none, so the bundle has `node:http` and `node:https` that way.
 */
export const httpBuiltins: Plugin = {
  name: 'http-builtins',
  setup(build) {
    build.onResolve({ filter: /^(node:)?https?$/ }, ({ kind, path }) =>
      kind === 'import-statement'
        ? { path: path.replace(/^(?!node:)/, 'node:'), namespace: 'http-builtins' }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'http-builtins' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};
