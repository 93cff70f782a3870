import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effectiveSettings, settingsHelp } from '../../src/config/help.ts';
import { loadSettings } from '../../src/config/load.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';

const environment = {
  ...{ PG_HOST: 'db', PG_DATABASE: 'community', PG_USER: 'backup', BACKUP_MODE: 'local' },
  ...{ PGPASSWORD: 'canary-1', OSS_ACCESS_KEY_ID: 'canary-2', OSS_ACCESS_KEY_SECRET: 'canary-3' },
};

test('the effective settings show every name with its value and its source, secrets as ***', () => {
  const shown = effectiveSettings(
    loadSettings(environment, () => '', 'en'),
    'en',
  );
  const lines = shown.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    lines.map(([name]) => name),
    SETTING_NAMES,
  );
  const byName = new Map(lines.map(([name, value, source]) => [name, `${value} (${source})`]));
  assert.equal(byName.get('PG_HOST'), 'db (environment)');
  assert.equal(byName.get('PG_PORT'), '5432 (default)');
  assert.equal(byName.get('OSS_BUCKET'), '- (not set)');
  assert.equal(byName.get('PGPASSWORD'), '*** (environment)');
  assert.doesNotMatch(shown, /canary/);
});

test('the help names every setting in both languages, with its default or that it is required', () => {
  for (const language of ['en', 'zh'] as const) {
    const help = settingsHelp(language);
    for (const name of SETTING_NAMES) assert.match(help, new RegExp(`^ {2}${name}\\b`, 'm'));
    assert.match(help, /^ {2}RETENTION_DAYS=7$/m);
  }
  assert.match(settingsHelp('en'), /^ {2}PG_HOST \(required\)$/m);
  assert.match(settingsHelp('zh'), /^ {2}PG_HOST（必填）$/m);
});
