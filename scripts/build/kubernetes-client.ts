import type { Plugin } from 'esbuild';

const configuration = '@kubernetes/client-node/dist/config.js';

/**
 * Of Kubernetes' client only its kubeconfig is used: this project's objects pass the generated API by. Its
 * index would bring a class for every kind of Kubernetes along, some 30 MiB in every process, so the bundle
 * begins at the kubeconfig. That asks the generated code for two names, which only `makeApiClient` uses; they
 * would bring the client's own HTTP along.
 */
export const kubernetesClient: Plugin = {
  name: 'kubernetes-client',
  setup(build) {
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, ({ kind, resolveDir }) =>
      build.resolve(configuration, { kind, resolveDir }),
    );
    build.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer, path }) =>
      importer.endsWith(configuration) ? { path, namespace: 'kubernetes-client' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'kubernetes-client' }, () => ({
      contents: [
        "const left = () => { throw new Error('makeApiClient is not part of the bundle'); };",
        'export { left as createConfiguration, left as ServerConfiguration };',
      ].join('\n'),
    }));
  },
};
