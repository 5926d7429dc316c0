import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const RECORDING = fileURLToPath(
  new URL('../../../../shared/data/golden/http-recovery-and-task.jsonl', import.meta.url),
);

/** One request the real server got, and what it answered. */
export interface RecordedRequest {
  /** Line number in the recording, from 1. */
  readonly line: number;
  /** What was special: about the token, the body, Redis or the bucket. */
  readonly note: string;
  readonly method: 'GET' | 'POST';
  /** With query. */
  readonly path: string;
  readonly body: string | undefined;
  readonly hasToken: boolean;
  readonly status: number;
  /** The answer, byte for byte. */
  readonly raw: string;
  /** The answer as JSON. */
  readonly answer: RecordedAnswer;
}

/** The answers of both routes in one. */
export interface RecordedAnswer {
  readonly error?: string;
  readonly message?: string;
  readonly data?: {
    readonly task_id: string;
    readonly state?: string;
    readonly result?: { readonly task?: string; readonly error?: string; readonly message?: string };
  };
}

/** A line of the recording as it stands in the file. */
interface Line {
  readonly note: string;
  readonly req: {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
  readonly res: { readonly status: number; readonly raw: string; readonly body: RecordedAnswer };
}

/** Every request of the recording, in its order. */
export async function recordedRequests(): Promise<readonly RecordedRequest[]> {
  if (!existsSync(RECORDING)) {
    throw new Error(
      `The recording of the real server is missing: ${RECORDING}. These tests prove nothing without it.`,
    );
  }
  const lines = (await readFile(RECORDING, 'utf8')).trimEnd().split('\n');
  return lines.map((text, index) => {
    // The file was written by the project's own recorder and is checked by its tests.
    const { note, req, res } = JSON.parse(text) as Line;
    return {
      line: index + 1,
      note,
      method: req.method,
      path: req.path,
      // Bodies that are no JSON, or were sent as text, were recorded as text.
      body:
        typeof req.body === 'string' ? req.body : req.body === null ? undefined : JSON.stringify(req.body),
      hasToken: 'Authorization' in req.headers,
      status: res.status,
      raw: res.raw,
      answer: res.body,
    };
  });
}
