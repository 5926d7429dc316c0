import * as z from 'zod';
import type { Versions } from '../kubectl/version/version.ts';

/** What `version -o json` prints. */
export const versionsSchema: z.ZodType<Versions> = z.strictObject({
  client: z.string().describe('Of this program.'),
  server: z.exactOptional(z.string()).describe('Of Kubernetes; absent with --client.'),
  controllers: z
    .exactOptional(
      z.array(
        z.strictObject({
          namespace: z.string(),
          name: z.string(),
          version: z.string().describe('What the Deployment is labelled with; empty without the label.'),
          image: z.string(),
        }),
      ),
    )
    .describe('Absent with --client, and when the API server refuses to list them.'),
  crds: z
    .exactOptional(
      z.array(
        z.strictObject({
          name: z.string(),
          served: z.array(z.string()).describe('Empty: it is not installed.'),
        }),
      ),
    )
    .describe('Absent with --client, and when the API server refuses to list them.'),
  hidden: z.exactOptional(z.array(z.string())).describe('Why parts are absent.'),
});
