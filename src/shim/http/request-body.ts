import type { Request, Response } from 'express';
import express from 'express';
import { HTTPError } from './answer.ts';

/** The largest body that is read; the server knows no limit, but a recovery request has no use for more. */
const LIMIT_BYTES = 16 * 1024;

// Any Content-Type, as the server takes it, and nothing is decompressed: 16 KiB on the wire stay 16 KiB.
const raw = express.raw({ type: () => true, limit: LIMIT_BYTES, inflate: false });

/**
 * The whole body of a request; empty when there is none.
 * @throws {HTTPError} 413, 415, or 400 when the body ends before its announced length.
 */
export async function readRequestBody(req: Request, res: Response): Promise<Buffer> {
  await new Promise<void>((resolve, reject) => {
    raw(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(refusalOf(error))));
  });
  const body: unknown = req.body;
  return Buffer.isBuffer(body) ? body : Buffer.alloc(0);
}

function refusalOf(error: unknown): unknown {
  switch (statusOf(error)) {
    case 413:
      return HTTPError.with(413, `request body is larger than ${LIMIT_BYTES} bytes`);
    case 415:
      return HTTPError.with(415, 'request body is compressed: send it as it is');
    case 400:
      // The client went away, or sent less than it announced: what Go's reader reports.
      return HTTPError.with(400, 'Invalid payload format: unexpected EOF');
    default:
      return error;
  }
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && 'status' in error ? error.status : undefined;
}
