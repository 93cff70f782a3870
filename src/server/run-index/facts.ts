import { parseRunName } from '../../backup/run-name.ts';
import { ERRORS, type ErrorCode } from '../../error-table.ts';
import type { Proof } from '../../report/record.ts';
import { STAGES } from '../../report/record.ts';
import { utcSecond } from '../../report/report.ts';
import { LONGEST_TEXT, shared, sharedList, textOf, withoutRun } from './kept-texts.ts';

const MOST_URLS = 64;

/** What a report and a record both tell of a run. */
interface RunFacts {
  readonly database: string;
  readonly series: string;
  /** Of a report: null where it is the time of the run's name. */
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationSeconds: number | null;
  readonly mode: string | null;
  readonly status: 'SUCCESS' | 'FAILED';
  /** Of the dump. */
  readonly sizeBytes: number | null;
}

/** What lists tell of a report: a few texts and numbers, each as it stands in the report; null where it does not tell. */
export interface ReportFacts extends RunFacts {
  readonly tool: string | null;
  /** To be completed by `inFull`. */
  readonly localFile: string | null;
  readonly remoteUrls: readonly string[] | null;
}

/** What lists tell of a record. */
export interface RecordFacts extends RunFacts {
  readonly proof: Proof;
  readonly encryption: string | null;
  /** Of all files of the run. */
  readonly artifactBytes: number;
  /** Of all confirmed copies. */
  readonly remoteBytes: number;
  readonly copies: number;
  readonly awaitsUpload: boolean;
  readonly hasWarning: boolean;
  readonly errorCode: ErrorCode | null;
  /** In the order of STAGES; -1 where a stage was not reached. */
  readonly stageSeconds: readonly number[];
}

/** What lists tell of a drill. */
export interface DrillFacts {
  readonly run: string;
  readonly database: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly durationSeconds: number | null;
  readonly outcome: 'equal' | 'incomplete' | 'different' | 'failed';
  /** Where the dump came from: `local` or `remote`. */
  readonly source: string | null;
  readonly sizeBytes: number;
  readonly recoverySeconds: number | null;
  readonly differences: number;
  readonly errorCode: ErrorCode | null;
}

/** A time of a schedule at which nothing was done. */
export interface SkipFacts {
  readonly kind: string;
  readonly database: string | null;
  readonly dueAt: string | null;
  readonly skippedAt: string;
  readonly reason: string;
  readonly detail: string | null;
}

/** In UTC to the second, as the name of a run tells it. */
export function timeOfName(run: string): string | undefined {
  const identity = parseRunName(run);
  return identity && utcSecond(identity.startedAt);
}

type Given = Readonly<Record<string, unknown>>;

/** undefined for a report that no backup could have left, such as one with a text of a megabyte. */
export function reportFacts(value: unknown, run: string): ReportFacts | undefined {
  const given = value as Given;
  const local = objectOf(given['local']);
  const urls = urlsOf(objectOf(given['remote'])['urls'], run);
  const database = shared(given['database']);
  const startedAt = given['startedAt'];
  if (database === null || typeof startedAt !== 'string' || urls === undefined) return undefined;
  const texts = [
    given['finishedAt'],
    given['mode'],
    given['tool'],
    local['file'],
    given['host'],
    given['port'],
  ];
  if (texts.some((text) => typeof text === 'string' && text.length > LONGEST_TEXT)) return undefined;
  return {
    database,
    series: seriesOf(given),
    startedAt: startedAt === timeOfName(run) ? null : startedAt,
    finishedAt: textOf(given['finishedAt']),
    durationSeconds: numberOf(given['durationSeconds']),
    mode: shared(given['mode']),
    tool: shared(given['tool']),
    status: given['status'] === 'SUCCESS' ? 'SUCCESS' : 'FAILED',
    sizeBytes: numberOf(local['sizeBytes']),
    localFile: withoutRun(local['file'], run),
    remoteUrls: urls,
  };
}

export function recordFacts(value: unknown): RecordFacts | undefined {
  const given = value as Given;
  const database = shared(given['database']);
  if (database === null) return undefined;
  const artifacts = listOf(given['artifacts']);
  const remote = listOf(given['remote']);
  const proof = given['proof'];
  return {
    database,
    series: seriesOf(given),
    startedAt: textOf(given['startedAt']),
    finishedAt: textOf(given['finishedAt']),
    durationSeconds: numberOf(given['durationSeconds']),
    mode: shared(given['mode']),
    status: given['status'] === 'SUCCESS' ? 'SUCCESS' : 'FAILED',
    proof: proof === 'read' || proof === 'stored' || proof === 'restored' ? proof : 'none',
    encryption: shared(given['encryption']),
    sizeBytes: artifacts[0] === undefined ? null : numberOf(artifacts[0]['sizeBytes']),
    artifactBytes: sumOf(artifacts),
    remoteBytes: sumOf(remote),
    copies: remote.length,
    awaitsUpload: given['awaitsUpload'] === true,
    hasWarning: hasWarning(objectOf(given['warning'])),
    errorCode: errorCodeOf(given['error']),
    stageSeconds: stageSecondsOf(listOf(given['stages'])),
  };
}

export function drillFacts(value: unknown): DrillFacts | undefined {
  const given = value as Given;
  const run = textOf(given['run']);
  const database = shared(given['database']);
  const startedAt = timeOf(given['startedAt']);
  if (run === null || database === null || startedAt === null) return undefined;
  return {
    run,
    database,
    startedAt,
    finishedAt: textOf(given['finishedAt']),
    durationSeconds: numberOf(given['durationSeconds']),
    // Checked by the schema.
    outcome: shared(given['outcome']) as DrillFacts['outcome'],
    source: shared(given['place']),
    sizeBytes: numberOf(given['sizeBytes']) ?? 0,
    recoverySeconds: numberOf(given['recoverySeconds']),
    differences: listOf(given['differences']).length,
    errorCode: errorCodeOf(given['error']),
  };
}

export function skipFacts(value: unknown): SkipFacts | undefined {
  const given = value as Given;
  const skippedAt = timeOf(given['skippedAt']);
  if (skippedAt === null) return undefined;
  return {
    kind: shared(given['kind']) ?? '',
    database: shared(given['database']),
    dueAt: textOf(given['dueAt']),
    skippedAt,
    reason: shared(given['reason']) ?? '',
    detail: textOf(given['detail']),
  };
}

/** null where nothing was uploaded, which the old script wrote as one empty address; undefined for what is too much. */
function urlsOf(value: unknown, run: string): readonly string[] | null | undefined {
  if (!Array.isArray(value)) return null;
  const urls = value.filter((url): url is string => typeof url === 'string' && url !== '');
  if (urls.length > MOST_URLS || urls.some((url) => url.length > LONGEST_TEXT)) return undefined;
  if (urls.length === 0) return null;
  return sharedList(urls.map((url) => withoutRun(url, run) ?? ''));
}

function stageSecondsOf(stages: readonly Given[]): readonly number[] {
  if (stages.length === 0) return NO_STAGES;
  return STAGES.map((name) => {
    const stage = stages.find((candidate) => candidate['name'] === name);
    return stage === undefined ? -1 : (numberOf(stage['durationSeconds']) ?? -1);
  });
}

const NO_STAGES: readonly number[] = [];

function errorCodeOf(error: unknown): ErrorCode | null {
  const code = objectOf(error)['code'];
  if (typeof code !== 'string') return null;
  return Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : 'INTERNAL';
}

function hasWarning(warning: Given): boolean {
  return listOf(warning['anomalies']).length > 0 && warning['acceptedAt'] === undefined;
}

function seriesOf(given: Given): string {
  const { host, port } = given;
  const isPort = typeof port === 'string' || typeof port === 'number';
  return typeof host === 'string' && isPort ? (shared(`${host}:${port}`) ?? '') : '';
}

function sumOf(files: readonly Given[]): number {
  return files.reduce((sum, file) => sum + (numberOf(file['sizeBytes']) ?? 0), 0);
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** In UTC, as we write them: others cannot be put in order as texts. */
function timeOf(value: unknown): string | null {
  const text = textOf(value);
  return text !== null && TIME.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function objectOf(value: unknown): Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Given) : {};
}

function listOf(value: unknown): readonly Given[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}
