import { PgBackupError } from '../errors.ts';
import type { Text } from '../language.ts';
import { cutBetweenWords } from '../scrub.ts';
import { connectionFaultOf, connectionFaultSaid } from './connection-faults.ts';
import { OSS_ERRORS, OSS_ERRORS_BY_EC, type OssErrorMeaning, UNKNOWN_OSS_ERROR } from './oss-error-table.ts';

const MAXIMUM_CHARACTERS = 600;
/** OSS answers these with a status of 4xx or 503, and means: later. */
const PASSING_CODES = ['QpsLimitExceeded', 'RequestTimeout', 'CredentialsUnavailable'];

/** What OSS, or the way to it, said: a code with its meaning, and what was told about the request. */
export interface OssFailureFacts {
  readonly code: string;
  /** Of the HTTP answer; undefined where there was none. */
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  /** The finer code that Alibaba Cloud's support asks for, such as `0003-00000001`. */
  readonly ec?: string | undefined;
  /** More than the code says, such as the drift of the clock. */
  readonly remark?: Text | undefined;
}

/** A request that OSS did not do. Holds no text of the answer's body, which repeats keys and the string that was signed. */
export class OssFailure extends Error {
  override readonly name = 'OssFailure';
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly ec: string | undefined;
  /** OSS understood and said no: the same request will not do better later. */
  readonly isRefusal: boolean;
  readonly detail: Text;
  readonly remedy: Text;

  constructor(facts: OssFailureFacts) {
    const { code, status, requestId, ec, remark } = facts;
    const { meaning, remedy } = meaningOf(code, ec);
    const known = [status && `HTTP ${status}`, requestId && `RequestId ${requestId}`, ec && `EC ${ec}`];
    const written = known.filter(Boolean).join(', ');
    const detail = {
      en: `${code}: ${meaning.en}${remark ? `; ${remark.en}` : ''}${written && ` (${written})`}`,
      zh: `${code}：${meaning.zh}${remark ? `；${remark.zh}` : ''}${written && `（${written}）`}`,
    };
    super(detail.en);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.ec = ec;
    this.isRefusal = isRefusal(code, status);
    this.detail = detail;
    this.remedy = remedy;
  }
}

/** True of OSS's word that an upload was completed, was aborted or never was. */
export function isNoSuchUpload(error: unknown): boolean {
  return error instanceof OssFailure && error.code === 'NoSuchUpload';
}

/** What an answer said beside the SDK's error, which keeps neither headers nor the reason of a broken connection. */
export interface OssAnswer {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly receivedAt: Date;
  /** Where OSS says that the bucket is to be reached. */
  readonly endpoint?: string | undefined;
  /** Of Node's network error, such as `ENOTFOUND`, and what it says in words. */
  readonly networkCode?: string | undefined;
  readonly networkMessage?: string | undefined;
}

/** The failure behind anything that ali-oss throws; `answer` is what was seen of the last response. */
export function toOssFailure(error: unknown, answer?: OssAnswer): OssFailure {
  if (error instanceof OssFailure) return error;
  const { code, name, status, requestId, ecCode } = error as Record<string, unknown>;
  const httpStatus = Number(status) > 0 ? Number(status) : undefined;
  const headers = answer?.headers ?? {};
  const ossCode =
    httpStatus === undefined
      ? connectionFault(String(name ?? ''), answer?.networkCode ?? textOf(code))
      : (textOf(code) ?? codeOfStatus(httpStatus, headers));
  return new OssFailure({
    code: ossCode,
    status: httpStatus,
    requestId: textOf(requestId) ?? textOf(headers['x-oss-request-id']),
    ec: textOf(ecCode) ?? textOf(headers['x-oss-ec']),
    remark: remarkOn(ossCode, answer),
  });
}

/** The failure that ossutil 1.7 tells about on stdout, in the form of the Go SDK's `ServiceError`; of a text without one, the connection fault it names. */
export function parseOssutilFailure(said: string): OssFailure {
  const fact = (name: string): string | undefined => new RegExp(`\\b${name}=([^\\s,"]+)`).exec(said)?.[1];
  const code = fact('ErrorCode');
  if (code !== undefined) {
    const endpoint = fact('Endpoint');
    return new OssFailure({
      remark: endpoint === undefined ? undefined : endpointRemark(endpoint),
      code,
      status: Number(fact('StatusCode')) || undefined,
      requestId: fact('RequestId'),
      ec: fact('Ec'),
    });
  }
  const line = factsLine(said);
  return new OssFailure({
    code: connectionFaultSaid(line) ?? 'Unknown',
    remark: { en: line, zh: line },
  });
}

/** The error for people: what happened to `object`, what to do, and the code of OSS as `storeCode`. */
export function storeError(
  code: 'UPLOAD_FAILED' | 'CONFIRM_FAILED' | 'STORE_FAILED',
  object: string,
  failure: OssFailure,
): PgBackupError {
  const { detail, remedy, code: storeCode } = failure;
  return new PgBackupError(code, { object, detail, remedy, storeCode }, failure);
}

/** The error for people of an upload that OSS did not take: OBJECT_EXISTS, or UPLOAD_FAILED. */
export function uploadError(object: string, failure: OssFailure): PgBackupError {
  if (failure.code === 'FileAlreadyExists') return new PgBackupError('OBJECT_EXISTS', { object }, failure);
  return storeError('UPLOAD_FAILED', object, failure);
}

/** How far our clock is ahead of the one of the answer (negative: behind), whose `Date` is of whole seconds. */
export function clockDriftSeconds(answer: OssAnswer | undefined): number | undefined {
  const serverTime = Date.parse(String(answer?.headers['date']));
  if (Number.isNaN(serverTime) || answer === undefined) return undefined;
  return Math.round((answer.receivedAt.getTime() - serverTime) / 1000);
}

/** What kept the connection from giving an answer: what Node says, else the kind of error that urllib made of it. */
function connectionFault(name: string, networkCode: string | undefined): string {
  const known = connectionFaultOf(networkCode ?? '');
  return known ?? (/Timeout/.test(name) ? 'ConnectionTimeout' : 'ConnectionLost');
}

/** An answer without a code: OSS leaves it out of some answers to HEAD, and what stands in between never has one. */
function codeOfStatus(status: number, headers: OssAnswer['headers']): string {
  return status === 403 && 'x-oss-request-id' in headers ? 'AccessDenied' : 'UnexpectedAnswer';
}

function remarkOn(code: string, answer: OssAnswer | undefined): Text | undefined {
  if (code === 'RequestTimeTooSkewed') return driftOf(answer);
  const { networkMessage, endpoint } = answer ?? {};
  if (endpoint !== undefined) return endpointRemark(endpoint);
  return networkMessage === undefined ? undefined : { en: networkMessage, zh: networkMessage };
}

function endpointRemark(endpoint: string): Text {
  return { en: `the bucket is at ${endpoint}`, zh: `该桶位于 ${endpoint}` };
}

function meaningOf(code: string, ec = ''): OssErrorMeaning {
  const finer = Object.entries(OSS_ERRORS_BY_EC).find(([beginning]) => ec.startsWith(beginning));
  return finer?.[1] ?? OSS_ERRORS[code] ?? UNKNOWN_OSS_ERROR;
}

function isRefusal(code: string, status: number | undefined): boolean {
  if (PASSING_CODES.includes(code)) return false;
  return status !== undefined && status >= 300 && status < 500 && status !== 408 && status !== 429;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function driftOf(answer: OssAnswer | undefined): Text | undefined {
  const seconds = clockDriftSeconds(answer);
  if (seconds === undefined) return undefined;
  const distance = Math.abs(seconds);
  return seconds > 0
    ? { en: `it is ${distance} s ahead`, zh: `快了 ${distance} 秒` }
    : { en: `it is ${distance} s behind`, zh: `慢了 ${distance} 秒` };
}

/** The line of ossutil that says what went wrong, without its progress. */
function factsLine(said: string): string {
  const lines = said.trim().split(/[\r\n]+/);
  const line = lines.find((text) => text.startsWith('Error:')) ?? lines.at(-1) ?? '';
  return cutBetweenWords(line, MAXIMUM_CHARACTERS, 'beginning');
}
