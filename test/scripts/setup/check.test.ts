import { expect, test } from 'vitest';
import { clusterNodeTools } from '../../../scripts/setup/cluster-node-tools.mjs';
import { goParts } from '../../../scripts/setup/parts.mjs';
import { runCLI } from '../../cli/run-cli.ts';

test('setup --check lists every part, says how to get those that only some commands need, and installs nothing', async () => {
  const { stdout } = await runCLI(['scripts/setup.mjs', '--check'], { command: process.execPath });
  const rows = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.split(/ +/)[1], line]),
  );
  const onDemand = ['pause', 'git', ...clusterNodeTools().map(({ name }) => name)];
  for (const name of [...goParts().map((part) => part.name), ...onDemand]) {
    expect(rows.get(name), name).toMatch(/^(✓ .* \/.+|[✗-] .*missing +.+)$/);
  }
  for (const { name } of goParts().filter(({ neededFor }) => !neededFor.includes('test'))) {
    expect(rows.get(name), `npm test does without ${name}`).toMatch(/^[✓-]/);
  }
});
