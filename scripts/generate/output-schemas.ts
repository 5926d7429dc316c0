import * as z from 'zod';
import { checkReport } from '../../src/cli/check/check-report.ts';
import { diffReport } from '../../src/cli/kubectl/diff/diff-report.ts';
import { outcomeSchema } from '../../src/cli/schemas/outcome.ts';
import { reportSchema } from '../../src/cli/schemas/report.ts';
import { verificationSchema } from '../../src/cli/schemas/verification.ts';
import { versionsSchema } from '../../src/cli/schemas/versions.ts';
import { type Kind, readKinds } from './crd.ts';
import { listSchema, manifestSchema, objectSchema, secretSchema } from './object-schemas.ts';

/** The schema of each command that prints JSON: name of its file under docs/reference/schemas. */
export const schemaOfCommand: Readonly<Record<string, string>> = {
  verify: 'verify',
  plan: 'outcome',
  recover: 'outcome',
  check: 'check',
  status: 'status',
  describe: 'bootstraprecovery',
  run: 'bootstraprecovery',
  approve: 'bootstraprecovery',
  cancel: 'bootstraprecovery',
  wait: 'bootstraprecovery',
  diff: 'diff',
  report: 'report',
  version: 'version',
  'target create': 'target-create',
};

/** The JSON schema of everything that a command prints for machines. Each refuses what it does not name. */
export async function generateOutputSchemas(): Promise<ReadonlyMap<string, string>> {
  const kinds = await readKinds();
  const kind = (name: string): Kind => {
    const found = kinds.find((each) => each.kind === name);
    if (found === undefined) {
      throw new Error(`crds/ has no ${name}`);
    }
    return found;
  };
  const run = objectSchema(kind('BootstrapRecovery'));
  const schemas: Readonly<Record<string, object>> = {
    verify: z.toJSONSchema(verificationSchema),
    outcome: z.toJSONSchema(outcomeSchema),
    check: z.toJSONSchema(checkReport),
    diff: z.toJSONSchema(diffReport),
    report: z.toJSONSchema(reportSchema),
    version: z.toJSONSchema(versionsSchema),
    bootstraprecovery: run,
    status: listSchema([objectSchema(kind('BootstrapState')), run]),
    'target-create': listSchema([secretSchema, manifestSchema(kind('RecoveryTarget'))]),
  };
  return new Map(
    Object.entries(schemas).map(([name, schema]) => [
      `docs/reference/schemas/${name}.schema.json`,
      `${JSON.stringify({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...schema }, null, 2)}\n`,
    ]),
  );
}
