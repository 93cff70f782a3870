import type { SchemaObject } from '../schema.ts';

export type RunStatus = 'SUCCESS' | 'FAILED';

/** The report that the platform parses strictly: exactly these keys, times in UTC to the second. Nothing may ever be added. */
export interface Report {
  readonly database: string;
  readonly host: string;
  readonly port: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly durationSeconds: number;
  readonly mode: string;
  readonly tool: string;
  readonly status: RunStatus;
  readonly errorMessage: string;
  readonly local: {
    readonly file: string;
    readonly globalsFile: string;
    readonly checksumSha256: string;
    readonly sizeBytes: number;
  };
  readonly remote: { readonly urls: readonly string[] };
}

const TEXT = { type: 'string' };
const COUNT = { type: 'integer', minimum: 0 };
const UTC_SECOND = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z$' };

/** JSON Schema of what we write. */
export const REPORT_SCHEMA: SchemaObject = object({
  database: TEXT,
  host: TEXT,
  port: TEXT,
  startedAt: UTC_SECOND,
  finishedAt: UTC_SECOND,
  durationSeconds: COUNT,
  mode: { enum: ['local', 'oss', 'both'] },
  tool: TEXT,
  status: { enum: ['SUCCESS', 'FAILED'] },
  errorMessage: TEXT,
  local: object({ file: TEXT, globalsFile: TEXT, checksumSha256: TEXT, sizeBytes: COUNT }),
  remote: object({ urls: { type: 'array', items: TEXT } }),
});

/** JSON Schema of what we can use of a report that something else wrote. */
export const FOREIGN_REPORT_SCHEMA: SchemaObject = {
  type: 'object',
  properties: { database: TEXT, startedAt: UTC_SECOND, status: { enum: ['SUCCESS', 'FAILED'] } },
  required: ['database', 'startedAt', 'status'],
};

/** UTC to the second, as the platform reads it. */
export function utcSecond(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

function object(properties: Record<string, SchemaObject>): SchemaObject {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
