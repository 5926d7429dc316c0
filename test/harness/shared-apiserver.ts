import { inject } from 'vitest';
import { type APIServerAccess, type APIServerAddress, accessAPIServer } from './apiserver-access.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where to ask for the shared API server; see shared-apiserver.setup.ts. */
    sharedAPIServerURL: string;
  }
}

/**
 * The API server that all test files of this run share. It starts when the first file asks for it and stops
 * with the run. Share it fairly: work in a namespace of your own ({@link APIServerAccess.createNamespace}),
 * and take `startAPIServer` where you break the server or change what is cluster-wide.
 */
export async function sharedAPIServer(): Promise<APIServerAccess> {
  const response = await fetch(inject('sharedAPIServerURL'));
  if (!response.ok) {
    throw new Error(`The shared API server did not start:\n${await response.text()}`);
  }
  // The answer comes from shared-apiserver.setup.ts of this same run.
  return accessAPIServer((await response.json()) as APIServerAddress);
}
