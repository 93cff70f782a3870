import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireOneServer } from '../../src/config/same-for-all.ts';
import { loadTargets } from '../../src/config/targets.ts';

const TOKEN = 'correct-horse-battery';

test('targets that say the same of the report server are one', () => {
  check(['', '']);
  check([`REPORT_TOKEN=${TOKEN}\nBASE_PATH=/x`, `REPORT_TOKEN='${TOKEN}'\nBASE_PATH=/x`]);
  check([
    'REPORT_SOURCE=oss://bucket/a\nOSS_ENDPOINT=oss-cn-hangzhou.aliyuncs.com\nOSS_CREDENTIALS=chain',
    '',
  ]);
  check([]);
});

test('targets that differ in it are told, and no secret', () => {
  for (const [name, value] of [
    ['REPORT_TOKEN', TOKEN],
    ['REPORT_ALLOWED_HOSTS', 'a.example'],
    ['BASE_PATH', '/x'],
    ['REPORT_HOST', '127.0.0.1'],
    ['REPORT_PORT', '8081'],
  ] as const) {
    for (const files of [
      ['', `${name}=${value}`],
      [`${name}=${value}`, `${name}=${value}`, ''],
    ])
      assert.throws(() => check(files), {
        code: 'SETTINGS_INVALID',
        message: new RegExp(
          `^Settings to correct \\(1\\):\\n {2}- ${name}: expected the same for all targets`,
        ),
      });
  }
  assert.throws(
    () => check([`REPORT_TOKEN=${TOKEN}\nBASE_PATH=/x`, 'REPORT_TOKEN=another-horse-battery']),
    ({ message }: Error) => {
      assert.match(message, /\(2\)[\s\S]*a\.env and b\.env/);
      assert.doesNotMatch(message, /horse/);
      return true;
    },
  );
});

function check(files: readonly string[]): void {
  const byName = new Map(files.map((text, index) => [`${'abc'[index]}.env`, text]));
  const targets =
    files.length === 0
      ? []
      : loadTargets(
          { BACKUP_ENV_FILE: '/targets' },
          {
            readFile: (path) => byName.get(path.slice('/targets/'.length)) ?? assert.fail(path),
            listDirectory: () => [...byName.keys()],
          },
          'en',
          { readsReportsOnly: true },
        );
  requireOneServer(
    targets.map(({ name, loaded }) => ({ target: name, settings: loaded.settings })),
    'en',
  );
}
