import { execFile } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Language, render } from '../src/language.ts';
import type { PostgresServer } from '../test/harness/postgres-server.ts';
import { demoClient } from './client.ts';
import { SAMPLE_DATABASE } from './sample-database.ts';

const RESTORED = 'community_restored';
const run = promisify(execFile);

/** Exact row counts of every table, and the large objects. */
const COUNTS = `
  SELECT format('%I.%I', schemaname, relname),
         (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, relname), false, true, '')))[1]
    FROM pg_stat_user_tables
  UNION ALL SELECT 'large objects', count(*)::text::xml FROM pg_largeobject_metadata ORDER BY 1`;

/** Checks the checksum, restores into a new database of the throw-away server and compares the row counts. Throws at a difference. */
export async function restoreAndCompare(options: {
  readonly database: PostgresServer;
  readonly dump: string;
  readonly language: Language;
}): Promise<void> {
  const { database, dump, language } = options;
  const { stdout } = await run('sha256sum', ['-c', `${basename(dump)}.sha256`], { cwd: dirname(dump) });
  process.stdout.write(stdout);

  await database.createDatabase(RESTORED);
  const connection = ['-h', database.host, '-p', String(database.port), '-U', database.user, '-d', RESTORED];
  const [clientMajor, directory] = demoClient(database.major);
  // pg_restore 17 sets a variable that older servers do not know, and goes on; the comparison below is what counts.
  const strictness = clientMajor === database.major ? ['--exit-on-error'] : [];
  await run(join(directory, 'pg_restore'), [...connection, '-j', '2', ...strictness, dump], {
    env: { ...process.env, PGPASSWORD: database.password },
  }).catch((error) => {
    if (strictness.length > 0) throw error;
  });
  const [original, restored] = await Promise.all([
    database.psql(COUNTS, { database: SAMPLE_DATABASE }),
    database.psql(COUNTS, { database: RESTORED }),
  ]);
  if (original !== restored) throw new Error(`the restored rows differ:\n${original}\n---\n${restored}`);
  const lines = original.trim().split('\n');
  const rows = lines.reduce((sum, line) => sum + Number(line.split('|').at(-1)), 0);
  const text = {
    en: 'restored into {database}: {tables} tables and {rows} rows, all counts equal',
    zh: '已恢复到 {database}：{tables} 张表、{rows} 行，计数全部一致',
  };
  console.log(render(text, language, { database: RESTORED, tables: lines.length - 1, rows }));
}
