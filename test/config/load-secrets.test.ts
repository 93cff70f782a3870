import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failure, LOCAL, load, problems } from './load-from.ts';

test('a secret is read from the file that NAME_FILE gives, without one line end', () => {
  for (const [text, value] of [
    ['canary', 'canary'],
    ['canary\n', 'canary'],
    ['canary\r\n', 'canary'],
    [' can ary ', ' can ary '],
  ] as const) {
    const { settings, sources } = load(
      { ...LOCAL, PGPASSWORD_FILE: '/run/secrets/pg' },
      { '/run/secrets/pg': text },
    );
    assert.equal(settings.PGPASSWORD?.reveal(), value);
    assert.equal(sources.PGPASSWORD.en, 'file /run/secrets/pg');
  }
});

test('NAME_FILE may stand in the env file, and every secret has one', () => {
  const { settings } = load(
    { ...LOCAL, BACKUP_ENV_FILE: '/f', DRILL_PG_HOST: 'drill-db', DRILL_PG_USER: 'drill' },
    {
      '/f': `PGPASSWORD_FILE=/a\nOSS_ACCESS_KEY_ID_FILE=/b\nOSS_ACCESS_KEY_SECRET_FILE=/c
        RESTORE_PG_PASSWORD_FILE=/d\nDRILL_PG_PASSWORD_FILE=/e\n`,
      ...{ '/a': 'one', '/b': 'two', '/c': 'three', '/d': 'four', '/e': 'five' },
    },
  );
  assert.deepEqual(
    [settings.PGPASSWORD, settings.OSS_ACCESS_KEY_ID, settings.OSS_ACCESS_KEY_SECRET].map((s) => s?.reveal()),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(
    [settings.RESTORE_PG_PASSWORD, settings.DRILL_PG_PASSWORD].map((s) => s?.reveal()),
    ['four', 'five'],
  );
});

test('a secret that is given twice, in an unreadable or in an empty file is an error', () => {
  const both = { ...LOCAL, PGPASSWORD: 'canary', PGPASSWORD_FILE: '/s' };
  assert.match(problems(both, { '/s': 'other' }), /PGPASSWORD_FILE \(environment\): PGPASSWORD is set too/);
  const unreadable = problems({ ...LOCAL, PGPASSWORD_FILE: '/missing' });
  assert.match(unreadable, /PGPASSWORD_FILE: cannot read \/missing \(ENOENT\)/);
  assert.match(
    problems({ ...LOCAL, PGPASSWORD_FILE: '/s' }, { '/s': '\n' }),
    /PGPASSWORD_FILE: \/s is empty/,
  );
});

test('a required secret whose file cannot be read is told once', () => {
  const { BACKUP_MODE: _mode, ...remote } = LOCAL;
  const text = problems({ ...remote, OSS_ACCESS_KEY_SECRET_FILE: '/missing' });
  assert.equal(text.match(/OSS_ACCESS_KEY_SECRET/g)?.length, 1, text);
});

test("no error and no warning shows a secret's value, however wrong it is", () => {
  const canary = 'canary1 canary2\u0007';
  const environment = {
    PG_DATABASE: 'x\ny',
    PGPASSWORD: canary,
    OSS_ACCESS_KEY_ID: canary,
    OSS_ACCESS_KEY_SECRET: canary,
    BACKUP_ENV_FILE: '/f',
    PG_PASSWORD: canary,
    OSS_SECRET: canary,
  };
  for (const line of [
    `PGPASSWORD = ${canary}`,
    `PGPASSWORD=${canary}`,
    `PGPASSWORD="${canary}`,
    `PGPASSWORD=$(${canary}`,
  ]) {
    const error = failure(environment, { '/f': `${line}\n` });
    assert.match(error.message, /OSS_ACCESS_KEY_ID=\*\*\* \(environment\): expected text without blanks/);
    const everything = error.message + JSON.stringify(error.parameters);
    assert.doesNotMatch(everything, /canary/);
  }
});

test('a secret key among the recipients is refused and not shown', () => {
  const text = problems({
    ...LOCAL,
    BACKUP_ENCRYPTION: 'age',
    BACKUP_ENCRYPTION_RECIPIENTS: 'age1abc AGE-SECRET-KEY-1CANARY',
  });
  assert.match(text, /BACKUP_ENCRYPTION_RECIPIENTS=age1abc \*\*\* .*never a secret key/);
  assert.doesNotMatch(text, /CANARY/);
});
