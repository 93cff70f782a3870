import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { backUpDatabase } from '../../src/backup/back-up-database.ts';
import { type BackupContext, forDatabase } from '../../src/backup/context.ts';
import { describeError, PgBackupError } from '../../src/errors.ts';
import { createContext, loadFrom } from '../../src/program.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { connect, untilConnected } from './connected.ts';
import { type Env, type Installation, install } from './installation.ts';
import { startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15');
const MINUTE = 60_000;

describe('a run that fails', { skip }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
    await server.createDatabase('app');
    await server.psql('CREATE TABLE item AS SELECT 1 AS id', { database: 'app' });
  });
  after(() => server.stop());

  test('is tried again where its fault can pass, later and later; each attempt has its report', async (t) => {
    const fault = join(install(t, server, 'app').directory, 'fault');
    writeFileSync(fault, '');
    const here = installWith(t, `[[ -e '${fault}' ]] && exit 1; exec "$REAL" "$@"`, { BACKUP_RETRIES: '3' });
    const waits: number[] = [];
    const result = await backUpDatabase(contextOf(here), async (milliseconds) => {
      waits.push(milliseconds);
      if (waits.length === 2) rmSync(fault);
    });
    assert.equal(result.failure, undefined);
    assert.deepEqual(waits, [MINUTE, 2 * MINUTE]);
    assert.deepEqual(statuses(here), ['FAILED', 'FAILED', 'SUCCESS']);
    assert.match(here.log(), /Trying again in 1 minutes \(1 of 3\)/);
  });

  test('is given up after so many times', async (t) => {
    const here = installWith(t, 'exit 1', { BACKUP_RETRIES: '2' });
    const waits: number[] = [];
    const result = await backUpDatabase(contextOf(here), async (milliseconds) => waits.push(milliseconds));
    assert.equal(describeError(result.failure, 'en').code, 'DUMP_FAILED');
    assert.equal(result.record?.status, 'FAILED');
    assert.deepEqual(waits, [MINUTE, 2 * MINUTE]);
    assert.equal(statuses(here).length, 3);
  });

  test('is not tried again for a wrong password, or where nobody asked for it', async (t) => {
    const never = () => assert.fail('waits');
    const wrong = installWith(t, 'exit 1', { BACKUP_RETRIES: '2', PGPASSWORD: 'wrong' });
    const refused = await backUpDatabase(contextOf(wrong), never);
    assert.equal(describeError(refused.failure, 'en').code, 'AUTHENTICATION_FAILED');
    const once = installWith(t, 'exit 1', {});
    assert.equal(
      describeError((await backUpDatabase(contextOf(once), never)).failure, 'en').code,
      'DUMP_FAILED',
    );
    assert.equal(statuses(once).length, 1);
  });

  test('stops waiting when it is interrupted', async (t) => {
    const here = installWith(t, 'exit 1', { BACKUP_RETRIES: '2' });
    const controller = new AbortController();
    const context = { ...contextOf(here), signal: controller.signal };
    const log: BackupContext['log'] = (level, id, parameters) => {
      context.log(level, id, parameters);
      if (id === 'TRYING_AGAIN') controller.abort(new PgBackupError('INTERRUPTED', { signal: 'SIGTERM' }));
    };
    await assert.rejects(backUpDatabase({ ...context, log }), { code: 'INTERRUPTED' });
    assert.equal(statuses(here).length, 1);
  });

  for (const mode of ['both', 'oss'] as const) {
    test(`whose upload alone failed sends it again, and has then succeeded after all (${mode})`, async (t) => {
      const bucket = await startOssBucket();
      t.after(() => bucket.close());
      const here = install(t, server, 'app', {
        ...bucket.settings('backups'),
        ...{ BACKUP_MODE: mode, BACKUP_UPLOAD_TOOL: 'sdk', BACKUP_RETRIES: '2' },
      });
      const fault = { kind: 'error', status: 403, code: 'AccessDenied' } as const;
      bucket.server.fail({ fault, operation: 'PutObject', times: Number.POSITIVE_INFINITY });
      const waits: number[] = [];
      const result = await backUpDatabase(contextOf(here), async (milliseconds) => {
        waits.push(milliseconds);
        assert.deepEqual(statuses(here), ['FAILED']);
        if (waits.length === 2) bucket.server.heal();
      });
      assert.equal(result.failure, undefined);
      assert.deepEqual(waits, [MINUTE, 2 * MINUTE]);
      assert.deepEqual(statuses(here), ['SUCCESS'], 'no second dump');
      const { report, record } = here.newest();
      assert.deepEqual([record.status, record.proof, record.awaitsUpload], ['SUCCESS', 'stored', false]);
      assert.equal(record.error, undefined);
      assert.equal(report.errorMessage, '');
      assert.deepEqual(report.remote?.urls, [record.remote[0]?.url]);
      assert.equal(report.finishedAt, `${record.finishedAt.slice(0, 19)}Z`);
      assert.equal(report.local?.file, mode === 'both' ? join(here.data, `${record.run}.dump`) : '');
      assert.equal(here.files().length, mode === 'both' ? 4 : 0);
    });
  }

  test('ends at its deadline, says so, and leaves nothing half', async (t) => {
    const here = installWith(t, 'exec sleep 60', { BACKUP_RETRIES: '2' });
    const context = contextOf(here);
    // Shorter than the settings take, and long enough for a busy machine to get to the dump.
    const settings = { ...context.settings, BACKUP_TIMEOUT_MINUTES: 0.25 };
    const result = await backUpDatabase({ ...context, settings }, () =>
      assert.fail('it would take as long again'),
    );
    assert.equal(describeError(result.failure, 'en').exitCode, 23);
    assert.equal(result.record?.error?.code, 'TIMED_OUT');
    assert.equal(result.record?.error?.stage, 'dump');
    assert.deepEqual(statuses(here), ['FAILED']);
    assert.deepEqual(here.files(), []);
    assert.deepEqual(here.leftovers(), []);
    assert.equal(context.signal.aborted, false, 'what comes next is not ended by it');
  });

  test('because another runner is at work is a skip, and noted as such', async (t) => {
    const here = installWith(t, 'exec "$REAL" "$@"', { BACKUP_RETRIES: '2' });
    const other = connect(t, server, 'app', 'another runner');
    other.stdin?.write('SELECT pg_advisory_lock(1885823603, 1);\n');
    const hasAsked = `application_name = 'another runner' AND state = 'idle' AND query LIKE '%pg_advisory_lock%'`;
    await untilConnected(server, hasAsked, 1);
    const result = await backUpDatabase(contextOf(here), () => assert.fail('the other one makes the backup'));
    assert.equal(describeError(result.failure, 'en').code, 'BUSY');
    assert.deepEqual(statuses(here), []);
    const [name = '', ...others] = readdirSync(join(here.base, 'skipped'));
    assert.deepEqual(others, []);
    const skip = JSON.parse(readFileSync(join(here.base, 'skipped', name), 'utf8'));
    assert.deepEqual([skip.kind, skip.database, skip.reason], ['backup', 'app', 'busy']);
    assert.match(skip.detail, /"another runner" from/);
  });

  function installWith(t: TestContext, pgDump: string, changes: Env): Installation {
    const client = wrapClient(clientDirectories().get(15) ?? '', { pg_dump: pgDump }, t);
    return install(t, server, 'app', { PG_BIN_DIR: client, ...changes });
  }
});

function statuses(here: Installation): string[] {
  return here.reports().map(({ report }) => report.status);
}

function contextOf(here: Installation): BackupContext {
  const silent = { write: () => {} };
  const surroundings = {
    environment: here.env,
    language: 'en' as const,
    signal: new AbortController().signal,
    stdout: silent,
    stderr: silent,
    ask: async () => undefined,
  };
  const [target] = loadFrom(surroundings);
  if (!target) throw new Error('there are no settings');
  return forDatabase(createContext(surroundings, target), 'app');
}
