import type { IndexedRun } from '../run-index/run-index.ts';
import { bytesText, countText, secondsText } from './figures.ts';
import { type Given, numberIn, objectIn, textIn, textsIn, timeIn } from './given.ts';
import type { PageContext } from './page-context.ts';
import { Fact, Moment, Section } from './parts.tsx';
import { recordWord } from './record-words.ts';
import { sizeOf } from './run-size.ts';
import { FIELD_WORDS } from './words.ts';

interface RunFactsProps {
  readonly page: PageContext;
  readonly run: IndexedRun;
  readonly zone: string;
  readonly record: Given;
  readonly report: Given;
}

/** Figures and circumstances of a run; what is not known is left out. */
export function RunFacts({ page, run, zone, record, report }: RunFactsProps) {
  const { say, language } = page;
  const server = objectIn(record['server']);
  const fingerprint = objectIn(record['fingerprint']);
  const runner = objectIn(record['runner']);
  const rows = numberIn(fingerprint['rows']);
  const leftOut = textsIn(record['leftOut']);
  const seconds = run.record?.durationSeconds ?? run.report?.durationSeconds;
  const databaseBytes = numberIn(server['databaseSizeBytes']);
  const word = (kind: 'encryption' | 'globals', written: string | undefined): string | undefined =>
    written === undefined ? undefined : recordWord(page, kind, written);
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    [say(FIELD_WORDS.duration), secondsText(seconds, language)],
    [say(FIELD_WORDS.size), bytesText(sizeOf(run))],
    [say(WORDS.databaseSize), databaseBytes === undefined ? undefined : bytesText(databaseBytes)],
    [say(WORDS.rows), rows === undefined ? undefined : countText(rows, language)],
    [say(FIELD_WORDS.server), serverIn(record) ?? serverIn(report)],
    [say(WORDS.serverVersion), textIn(server['version'])],
    [say(WORDS.client), textIn(objectIn(record['client'])['version'])],
    [say(WORDS.mode), run.record?.mode ?? run.report?.mode ?? undefined],
    [say(WORDS.tool), textIn(record['tool']) ?? textIn(report['tool'])],
    [say(WORDS.compression), textIn(record['compression'])],
    [say(WORDS.encryption), word('encryption', run.record?.encryption ?? undefined)],
    [say(WORDS.globals), word('globals', textIn(record['globals']))],
    [say(WORDS.fingerprint), levelOf(page, fingerprint)],
    [say(WORDS.leftOut), leftOut.length > 0 ? leftOut.join(' ') : undefined],
    [say(WORDS.runner), textIn(runner['hostname'])],
    [say(WORDS.version), textIn(runner['version'])],
  ];
  return (
    <Section id="facts" title={say(WORDS.title)}>
      <dl class="facts facts-wide">
        <Fact name={say(FIELD_WORDS.started)}>
          <Moment page={page} at={new Date(run.startedAt)} zone={zone} />
        </Fact>
        <Fact name={say(FIELD_WORDS.finished)}>
          <Moment page={page} at={timeIn(run.record?.finishedAt ?? run.report?.finishedAt)} zone={zone} />
        </Fact>
        {facts.map(([name, value]) => value !== undefined && <Fact name={name}>{value}</Fact>)}
      </dl>
    </Section>
  );
}

function serverIn({ host, port }: Given): string | undefined {
  const name = textIn(host);
  return name && `${name}:${textIn(port) ?? numberIn(port) ?? ''}`;
}

function levelOf(page: PageContext, fingerprint: Given): string | undefined {
  const parts = [textIn(fingerprint['level']), textIn(fingerprint['status'])];
  const words = parts.flatMap((part) => (part === undefined ? [] : recordWord(page, 'fingerprint', part)));
  return words.join(page.say(COMMA)) || undefined;
}

const COMMA = { en: ', ', zh: '，' };
const WORDS = {
  title: { en: 'Facts', zh: '基本信息' },
  databaseSize: { en: 'Database size', zh: '库大小' },
  rows: { en: 'Rows', zh: '行数' },
  serverVersion: { en: 'PostgreSQL', zh: 'PostgreSQL 版本' },
  client: { en: 'pg_dump', zh: 'pg_dump 版本' },
  mode: { en: 'Mode', zh: '模式' },
  tool: { en: 'Upload by', zh: '上传工具' },
  compression: { en: 'Compression', zh: '压缩' },
  encryption: { en: 'Encryption', zh: '加密' },
  globals: { en: 'Globals', zh: '全局对象' },
  fingerprint: { en: 'Fingerprint', zh: '指纹' },
  leftOut: { en: 'Left out', zh: '未包含' },
  runner: { en: 'Made on', zh: '执行主机' },
  version: { en: 'pg-backup', zh: 'pg-backup 版本' },
};
