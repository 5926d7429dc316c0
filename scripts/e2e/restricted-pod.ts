/** A pod of one container as Pod Security's level "restricted" wants it. */
export function pod(labels: Readonly<Record<string, string>>, container: object, spec: object = {}): object {
  return {
    metadata: { labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 2,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65_532,
        fsGroup: 65_532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          ...container,
        },
      ],
      volumes: [{ name: 'data', emptyDir: {} }],
      ...spec,
    },
  };
}

/** The command that runs a script with the Node.js of the product's image, which has no shell. */
export function nodeScript(script: string): readonly string[] {
  return ['/nodejs/bin/node', '--eval', script];
}
