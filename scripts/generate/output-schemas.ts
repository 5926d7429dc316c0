import * as z from 'zod';
import { checkReport } from '../../src/cli/check/check-report.ts';
import { diffReport } from '../../src/cli/kubectl/diff/diff-report.ts';

const schemas = { check: checkReport, diff: diffReport };

/**
 * The JSON schema of what a command prints with `-o json`, for those whose output is no Kubernetes object.
 */
export function generateOutputSchemas(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(schemas).map(([command, schema]) => [
      `docs/reference/schemas/${command}.schema.json`,
      `${JSON.stringify(z.toJSONSchema(schema), null, 2)}\n`,
    ]),
  );
}
