import { PgBackupError } from '../errors.ts';
import { type Language, render, type Text } from '../language.ts';
import { compileSchema } from '../schema.ts';
import type { Secret } from '../secret.ts';

/** What a server of the platform's two routes said. */
export type ServerAnswer =
  | {
      readonly server: string;
      /** When the run of the newest report ended. */
      readonly latest: string | undefined;
      readonly total: number;
      readonly records: readonly ShownRecord[];
    }
  | { readonly server: string; readonly problem: Text };

export interface ShownRecord {
  readonly database: string;
  readonly startedAt: string;
  readonly finishedAt?: unknown;
}

const TIMEOUT_MILLISECONDS = 10_000;
const PAGE_SIZE = 100;
/** A server that has more than that of late is not this program's. */
const MAXIMUM_PAGES = 200;
const MAXIMUM_CHARACTERS = 4 * 1024 * 1024;
const ROUTE = 'api/admin/backup/';

/**
 * Reads an address that a person typed.
 * @throws PgBackupError USAGE for what is no http(s) address, or has more in it than where the server is
 */
export function readServerAddress(text: string, language: Language): URL {
  const url = URL.parse(text);
  if (url && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === '') {
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    return url;
  }
  throw new PgBackupError('USAGE', { detail: render(NO_ADDRESS, language) });
}

export interface Asking {
  readonly token: Secret | undefined;
  readonly signal: AbortSignal;
  /** When the run began, as reports have it, back to which the list is read; undefined: its first page will do. */
  readonly back: string | undefined;
}

/**
 * Asks for the newest report and for the list, as the platform's page does, page after page; a server that gives no such answer is told of, never
 * thrown.
 */
export async function askServer(base: URL, { token, signal, back }: Asking): Promise<ServerAnswer> {
  const server = base.href;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  const ask = async (path: string): Promise<unknown> => {
    const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MILLISECONDS)]);
    const response = await fetch(new URL(ROUTE + path, base), { headers, signal: until, redirect: 'error' });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status}`);
    }
    return JSON.parse(await readBeginning(response));
  };
  try {
    const latest = await ask('latest');
    if (!isLatest(latest)) return { server, problem: OTHER_ANSWER };
    const records: ShownRecord[] = [];
    let total = 0;
    for (let page = 1; page <= MAXIMUM_PAGES; page += 1) {
      const list = await ask(`list?pageNum=${page}&pageSize=${PAGE_SIZE}`);
      if (!isList(list)) return { server, problem: OTHER_ANSWER };
      records.push(...list.data.records);
      total = list.data.total;
      const last = list.data.records.at(-1);
      if (!last || records.length >= total || back === undefined || isBefore(last, back)) break;
    }
    return { server, latest: latest.data?.finishedAt, total, records };
  } catch (error) {
    signal.throwIfAborted();
    const detail = describe(error);
    return { server, problem: { en: detail, zh: detail } };
  }
}

/** The list is in the order of ends, compared as texts. */
function isBefore({ finishedAt }: ShownRecord, back: string): boolean {
  return typeof finishedAt === 'string' && finishedAt < back;
}

/** A whole answer is some kilobytes; what is cut is no JSON. */
async function readBeginning(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > MAXIMUM_CHARACTERS) break;
  }
  return text;
}

/** fetch hides the reason behind "fetch failed". */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}

interface Latest {
  readonly data?: { readonly finishedAt: string };
}
interface List {
  readonly data: { readonly records: readonly ShownRecord[]; readonly total: number };
}

const TEXT = { type: 'string' };
const checkLatest = compileSchema({
  type: 'object',
  properties: {
    code: { const: 200 },
    data: { type: 'object', properties: { finishedAt: TEXT }, required: ['finishedAt'] },
  },
  required: ['code'],
});
const checkList = compileSchema({
  type: 'object',
  properties: {
    code: { const: 200 },
    data: {
      type: 'object',
      properties: {
        total: { type: 'integer' },
        records: {
          type: 'array',
          items: {
            type: 'object',
            properties: { database: TEXT, startedAt: TEXT },
            required: ['database', 'startedAt'],
          },
        },
      },
      required: ['records', 'total'],
    },
  },
  required: ['code', 'data'],
});

function isLatest(value: unknown): value is Latest {
  return checkLatest(value).length === 0;
}

function isList(value: unknown): value is List {
  return checkList(value).length === 0;
}

const NO_ADDRESS: Text = {
  en: '--server expects an address such as http://report:8080, with neither a password nor a query in it',
  zh: '--server 应为 http://report:8080 这样的地址，且不含密码与查询参数',
};
const OTHER_ANSWER: Text = {
  en: 'its answers are not those of the two agreed routes',
  zh: '其应答与约定的两个接口不符',
};
