/**
 * The servers bench/shim.ts compares with, each a process of its own:
 * `express`: the least an Express application does that checks the same tokens and answers the same bodies.
 * `app`: the shim's own application with recoveries that are decided at once, in memory.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { jwtVerify } from 'jose';
import { Registry } from 'prom-client';
import { systemClock } from '../src/async/clock.ts';
import { backgroundOutput } from '../src/observability/background-output.ts';
import { createLogger } from '../src/observability/log.ts';
import { Authorizer } from '../src/shim/auth/authorizer.ts';
import { adminList } from '../src/shim/auth/caller-role.ts';
import { importSharedSecret } from '../src/shim/auth/shared-secret.ts';
import { Tenants } from '../src/shim/auth/tenants.ts';
import { TokenVerifier } from '../src/shim/auth/token-verifier.ts';
import { CallerRateLimiter } from '../src/shim/caller-rate-limiter.ts';
import { createApp } from '../src/shim/http/app.ts';
import { ShimMetrics } from '../src/shim/metrics.ts';
import type { Recoveries } from '../src/shim/runs/recoveries.ts';
import { aRun } from '../test/shim/support/a-run.ts';
import { SECRET } from '../test/shim/support/tokens.ts';

const secret = await importSharedSecret(new Uint8Array(Buffer.from(SECRET)));
const run = aRun([
  {
    type: 'Accepted',
    status: 'True',
    reason: 'RecoveryRequired',
    message: 'Something is lost.',
    lastTransitionTime: '2026-11-23T10:00:00Z',
  },
]);

function bareExpress(): RequestListener {
  const app = express();
  const verify = async (header = ''): Promise<void> => {
    await jwtVerify(header.slice('Bearer '.length), secret, {
      algorithms: ['HS256'],
      requiredClaims: ['exp'],
    });
  };
  app.get('/tuf/v1/task', async (req, res) => {
    await verify(req.headers.authorization);
    const result = { task: 'bootstrap_recovery', last_update: '2026-11-23T10:00:00Z' };
    res.json({ data: { task_id: run.metadata.uid, state: 'RUNNING', result }, message: 'Task state.' });
  });
  app.post('/tuf/v1/bootstrap/recovery', express.json(), async (req, res) => {
    await verify(req.headers.authorization);
    const data = { last_update: '2026-11-23T10:00:00Z', task_id: run.metadata.uid };
    res.status(202).json({ data, message: 'Bootstrap recovery accepted and started in background' });
  });
  return app;
}

function shimApp(): RequestListener {
  const clock = systemClock;
  const rules = {
    algorithms: ['HS256'],
    usernameClaim: 'username',
    usernameOptional: false,
    clockToleranceSeconds: 0,
    allowWithoutExpiry: false,
  };
  const verifier = new TokenVerifier({ secrets: async () => [secret] }, rules, () => clock.now());
  const limiter = new CallerRateLimiter({ perMinute: 100_000_000 }, clock);
  const recoveries: Recoveries = {
    ready: true,
    isReadyFor: () => true,
    find: () => run,
    start: async () => ({ kind: 'created', run }),
    waitForDecision: async () => run,
    withdraw: async () => undefined,
  };
  const never = new AbortController().signal;
  return createApp({
    access: new Authorizer(verifier, adminList(['alice']), limiter),
    tenants: new Tenants({ namespace: 'bench', target: 'default' }),
    recoveries,
    clock,
    decisionTimeoutMs: 10_000,
    metrics: new ShimMetrics(new Registry()),
    allowedOrigins: [],
    logger: createLogger('info', backgroundOutput()),
    version: '0.0.0-bench',
    keysRead: () => true,
    shuttingDown: never,
    draining: never,
  });
}

const server = createServer(process.argv[2] === 'express' ? bareExpress() : shimApp());
server.listen(0, '127.0.0.1', () => {
  // A TCP server that listens has an address with a port.
  console.log(`listening on ${(server.address() as AddressInfo).port}`);
});
