import type { Plugin } from 'esbuild';

const configuration = '@kubernetes/client-node/dist/config.js';

/**
 * Of Kubernetes' client only its kubeconfig is used: this project's objects pass the generated API by. Its
 * index would bring a class for every kind of Kubernetes along, some 30 MiB in every process, so the bundle
 * begins at the kubeconfig, and what that asks the generated code for is taken from the files it stands in.
 */
export const kubernetesClient: Plugin = {
  name: 'kubernetes-client',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ kind, resolveDir }) =>
      build.resolve(configuration, { kind, resolveDir }),
    );
    build.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer, path, resolveDir }) =>
      importer.endsWith(configuration)
        ? { path, namespace: 'kubernetes-client', pluginData: resolveDir }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'kubernetes-client' }, ({ pluginData: resolveDir }) => ({
      contents: [
        "export { createConfiguration } from './gen/configuration.js';",
        "export { ServerConfiguration } from './gen/servers.js';",
      ].join('\n'),
      resolveDir,
    }));
  },
};
