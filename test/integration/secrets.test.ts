import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { artifactsOf } from '../backup/past-run.ts';
import { wrapClient } from '../harness/fake-bin.ts';
import { clientDirectories, missing } from '../harness/parts.ts';
import type { PgBackupResult } from '../harness/pg-backup.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres-server.ts';
import { filesBelow } from './files-below.ts';
import { type Env, type Installation, install, searchPath } from './installation.ts';
import { startOssBucket } from './oss-bucket.ts';

const skip = missing('postgres-server-15') || missing('postgres-client-15') || missing('ossutil');

const SECRETS = {
  PGPASSWORD: `p4ss:wörd\\ 'quo"te% +/=?&`,
  OSS_ACCESS_KEY_ID: 'LTAI5tCanary7Qx',
  OSS_ACCESS_KEY_SECRET: 'canary+Secret/9zK=',
} as const;
type Secrets = Readonly<Record<keyof typeof SECRETS, string>>;

interface Way {
  readonly name: string;
  /** Makes what holds the secrets and returns the environment that leads to them. */
  give(secrets: Secrets, here: Installation): Env;
  /** The files of the user's own that hold them. */
  readonly sources: readonly string[];
}

const WAYS: readonly [Way, ...Way[]] = [
  { name: 'from the environment', give: (secrets) => ({ ...secrets }), sources: [] },
  {
    name: 'from an env file',
    give(secrets, here) {
      const path = join(here.directory, 'backup.env');
      const lines = Object.entries(secrets).map(
        ([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`,
      );
      writeFileSync(path, lines.join(''), { mode: 0o600 });
      return { BACKUP_ENV_FILE: path };
    },
    sources: ['backup.env'],
  },
  {
    name: 'from files of their own',
    give(secrets, here) {
      const entries = Object.entries(secrets).map(([name, value]) => {
        const path = join(here.directory, name);
        writeFileSync(path, `${value}\n`, { mode: 0o600 });
        return [`${name}_FILE`, path];
      });
      return Object.fromEntries(entries);
    },
    sources: Object.keys(SECRETS),
  },
];

describe('no secret is shown', { skip, concurrency: 2 }, () => {
  let server: PostgresServer;
  let databases = 0;
  const asAdministrator = { password: SECRETS.PGPASSWORD };
  before(async () => {
    server = await startPostgres();
    await server.psql(`ALTER ROLE postgres PASSWORD '${SECRETS.PGPASSWORD.replaceAll("'", "''")}';`);
  });
  after(() => server.stop());

  for (const way of WAYS) {
    test(`by a backup that gets them ${way.name}`, async (t) => {
      const { here, bucket, env } = await start(t, way, SECRETS);
      const running = here.start(['backup'], env);
      const watching = watch(here, SECRETS, way);
      // The upload does not go on before all that is under way was looked at.
      bucket.server.fail({ fault: { kind: 'hold', until: watching.hasSeenAll }, operation: 'PutObject' });
      const result = await running.finished;
      assert.deepEqual(await watching.end(), []);
      assert.equal(result.exitCode, 0, result.stderr);
      assert.deepEqual(secretsIn(here, result, SECRETS, way), []);
      const files = artifactsOf(here.newest().name).map((name) => join(here.data, name));
      assert.deepEqual(
        files.filter((path) => !filesBelow(here.directory).includes(path)),
        [],
      );
    });

    for (const [wrong, exitCode] of [
      ['PGPASSWORD', 5],
      ['OSS_ACCESS_KEY_ID', 11],
      ['OSS_ACCESS_KEY_SECRET', 11],
    ] as const) {
      test(`by a backup that gets them ${way.name}, with a wrong ${wrong}`, async (t) => {
        const secrets = { ...SECRETS, [wrong]: `${SECRETS[wrong]}wr0ng` };
        const { here, env } = await start(t, way, secrets);
        const running = here.start(['backup'], env);
        const watching = watch(here, secrets, way);
        const result = await running.finished;
        assert.deepEqual(await watching.end(), []);
        assert.equal(result.exitCode, exitCode, result.stderr);
        assert.deepEqual(secretsIn(here, result, secrets, way), []);
      });
    }
  }

  test('by config, by help and by a refusal of the settings', async (t) => {
    const [way] = WAYS;
    const { here, env } = await start(t, way, SECRETS);
    for (const args of [['config'], ['backup', '--help'], ['prune', '--dry-run']]) {
      assert.deepEqual(secretsIn(here, await here.run(args, env), SECRETS, way), []);
    }
    const spoilt = { ...SECRETS, OSS_ACCESS_KEY_SECRET: `${SECRETS.OSS_ACCESS_KEY_SECRET} blank` };
    const refused = await here.run(['backup'], { ...env, ...spoilt });
    assert.equal(refused.exitCode, 2);
    assert.match(refused.stderr, /OSS_ACCESS_KEY_SECRET=\*\*\* /);
    assert.deepEqual(secretsIn(here, refused, spoilt, way), []);
  });

  test('by the fingerprint of a database that is full of them, nor by what is told of it', async (t) => {
    const [way] = WAYS;
    const { here, env } = await start(t, way, SECRETS);
    const database = here.env['PG_DATABASE'] ?? '';
    const text = `'${SECRETS.PGPASSWORD.replaceAll("'", "''")}'`;
    await server.psql(
      `CREATE EXTENSION postgres_fdw; CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
       CREATE USER MAPPING FOR postgres SERVER elsewhere OPTIONS (password ${text});
       CREATE TABLE secret (text text DEFAULT ${text}); INSERT INTO secret DEFAULT VALUES;
       COMMENT ON TABLE secret IS ${text};
       CREATE VIEW seen AS SELECT ${text} AS text; CREATE FUNCTION said() RETURNS text LANGUAGE sql RETURN ${text};
       SELECT lo_from_bytea(1, convert_to(${text}, 'UTF8'));`,
      { ...asAdministrator, database },
    );
    const result = await here.run(['backup'], { ...env, BACKUP_FINGERPRINT: 'content' });
    assert.equal(result.exitCode, 0, result.stderr);
    const { name, record } = here.newest();
    assert.deepEqual([record.fingerprint?.status, record.fingerprint?.largeObjects], ['complete', 1]);
    const [dump, , , fingerprint] = artifactsOf(name).map((artifact) => join(here.data, artifact));
    assert.match(read(fingerprint ?? ''), /"name":"secret"/);
    // Who can read the dump knows them: it holds their definitions.
    assert.deepEqual(secretsIn(here, result, SECRETS, way), [dump]);
  });

  test('where PostgreSQL’s program prints its passfile', async (t) => {
    const [way] = WAYS;
    const { here, env } = await start(t, way, SECRETS);
    const client = wrapClient(
      clientDirectories().get(15) ?? '',
      { pg_dump: 'cat "$PGPASSFILE" >&2; exit 1' },
      t,
    );
    const result = await here.run(['backup'], { ...env, PG_BIN_DIR: client });
    assert.equal(result.exitCode, 8, result.stderr);
    assert.match(here.newest().report.errorMessage, /^pg_dump failed \(exit code 1\): \*:\*:\*:\*:\*\*\*/);
    assert.deepEqual(secretsIn(here, result, SECRETS, way), []);
  });

  test('where ossutil prints its configuration', async (t) => {
    const [way] = WAYS;
    const { here, env } = await start(t, way, SECRETS);
    const directory = join(here.directory, 'bin');
    mkdirSync(directory);
    const script =
      '#!/bin/sh\n[ "$1" = --version ] && exec echo "ossutil version: v1.7.19"\necho "Error: $(cat config | tr "\\n" " ")"; exit 1\n';
    writeFileSync(join(directory, 'ossutil64'), script, { mode: 0o755 });
    const result = await here.run(['backup'], { ...env, PATH: [directory, searchPath()].join(delimiter) });
    assert.equal(result.exitCode, 11, result.stderr);
    assert.match(here.newest().report.errorMessage, /accessKeyID=\*\*\* accessKeySecret=\*\*\*/);
    assert.deepEqual(secretsIn(here, result, SECRETS, way), []);
  });

  test('unless the search for them is broken', async (t) => {
    const [way] = WAYS;
    const { here } = await start(t, way, SECRETS);
    const leak = join(here.directory, 'leak');
    writeFileSync(leak, `x${Buffer.from(`ab${SECRETS.PGPASSWORD}cd`).toString('base64')}`);
    const stdout = encodeURIComponent(SECRETS.OSS_ACCESS_KEY_SECRET);
    const result = { exitCode: 0, signal: null, stdout, stderr: '' };
    assert.deepEqual(secretsIn(here, result, SECRETS, way), ['OSS_ACCESS_KEY_SECRET in output', leak]);
  });

  async function start(t: TestContext, way: Way, secrets: Secrets) {
    const bucket = await startOssBucket({
      accessKeyId: SECRETS.OSS_ACCESS_KEY_ID,
      accessKeySecret: SECRETS.OSS_ACCESS_KEY_SECRET,
    });
    t.after(() => bucket.close());
    databases += 1;
    const database = `shop ${databases}`;
    await server.psql(`CREATE DATABASE "${database}" TEMPLATE template0;`, asAdministrator);
    await server.psql('CREATE TABLE item AS SELECT generate_series(1, 100000) AS id', {
      ...asAdministrator,
      database,
    });
    const unset = Object.fromEntries(Object.keys(SECRETS).map((name) => [name, '']));
    const here = install(t, server, database, { ...bucket.settings('canary'), ...unset });
    return { here, bucket, env: way.give(secrets, here) };
  }
});

/**
 * Looks at all command lines and at the installation's files, again and again. `end` returns where a secret was in sight; `hasSeenAll`
 * resolves once the programs and the two private files of a run were there to be seen.
 */
function watch(here: Installation, secrets: Secrets, way: Way) {
  const leaks = new Set<string>();
  const seen = new Set<string>();
  const everything = Promise.withResolvers<void>();
  let isOver = false;
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const commandLine = read(`/proc/${pid}/cmdline`);
      const [, program] = /\/(psql|ossutil)\0.*/.exec(commandLine) ?? [];
      if (
        program &&
        commandLine.includes(program === 'psql' ? (here.env['PG_DATABASE'] ?? '') : here.directory)
      )
        seen.add(program);
      for (const name of namesOfSecretsIn(commandLine, secrets)) leaks.add(`${name} in ${commandLine}`);
    }
    for (const path of filesWithSecrets(here, secrets, way)) {
      const mode = lstatSync(path, { throwIfNoEntry: false })?.mode ?? 0;
      if ((mode & 0o077) !== 0) leaks.add(path);
      else seen.add(path);
    }
    if (seen.size === 4) everything.resolve();
  };
  const watching = (async () => {
    while (!isOver) {
      look();
      await setImmediate();
    }
  })();
  return {
    hasSeenAll: everything.promise,
    async end() {
      isOver = true;
      await watching;
      return [...leaks];
    },
  };
}

/** Every place after a run that holds a secret, apart from the user's own files. */
function secretsIn(here: Installation, result: PgBackupResult, secrets: Secrets, way: Way): string[] {
  return [
    ...namesOfSecretsIn(result.stdout + result.stderr, secrets).map((name) => `${name} in output`),
    ...filesWithSecrets(here, secrets, way),
  ];
}

function filesWithSecrets(here: Installation, secrets: Secrets, way: Way): string[] {
  const own = way.sources.map((source) => join(here.directory, source));
  return filesBelow(here.directory).filter(
    (path) => !own.includes(path) && namesOfSecretsIn(read(path), secrets).length > 0,
  );
}

function namesOfSecretsIn(text: string, secrets: Secrets): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => writtenForms(value).some((form) => text.includes(form)))
    .map(([name]) => name);
}

/** As it is, URL-encoded, in a passfile, in SQL, in JSON, in base64 at any offset inside a longer text. */
function writtenForms(value: string): string[] {
  const base64 = [0, 1, 2].map((offset) => {
    const encoded = Buffer.from(' '.repeat(offset) + value)
      .toString('base64')
      .replace(/=+$/, '');
    // Characters at both ends hold bits of what stands beside them.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -1);
  });
  return [
    value,
    encodeURIComponent(value),
    value.replaceAll(/[\\:]/g, '\\$&'),
    value.replaceAll("'", "''"),
    value.replaceAll("'", "''").replaceAll('\\', '\\\\'),
    JSON.stringify(value).slice(1, -1),
    ...base64,
  ];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
