import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { missing, projectDirectory, promtoolPath } from '../harness/parts.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { recordRun } from '../schedule/recorded-run.ts';
import { type RunningSite, startSite } from '../server/site.ts';
import { blocksOf, namesInTable } from './pages.ts';

const skip = missing('promtool');
const DIRECTORY = join(projectDirectory, 'docs/monitoring');
const PAGES = [
  { page: 'docs/monitoring.md', files: 'Prometheus', alerts: 'Alerts' },
  { page: 'docs/monitoring.zh-CN.md', files: 'Prometheus', alerts: '告警' },
] as const;
const RULES = readFileSync(join(DIRECTORY, 'alerts.yml'), 'utf8');
const DASHBOARD = JSON.parse(readFileSync(join(DIRECTORY, 'grafana-dashboard.json'), 'utf8')) as Dashboard;
const COLUMNS = 24;

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly Variable[] };
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly expr: string;
    readonly refId: string;
    readonly datasource: { readonly uid: string };
  }[];
}

test('the alert rules are valid, and each fires when it has to and not otherwise', { skip }, () => {
  assert.match(promtool(['check', 'rules', join(DIRECTORY, 'alerts.yml')]), /SUCCESS: \d+ rules found/);
  assert.match(promtool(['test', 'rules', join(DIRECTORY, 'alerts.test.yml')]), /SUCCESS/);
});

test('every rule is tested and documented, has a severity, and says in both languages what to do', () => {
  const tests = readFileSync(join(DIRECTORY, 'alerts.test.yml'), 'utf8');
  const rules = RULES.split('      - alert: ').slice(1);
  const names = rules.map((rule) => rule.split('\n')[0] ?? '');
  assert.equal(new Set(names).size, names.length);
  for (const [index, rule] of rules.entries()) {
    const name = names[index];
    assert.match(
      tests,
      new RegExp(`^ {2}- name: ${name}\n(?:(?! {2}- name:).*\n)*? +exp_samples:`, 'm'),
      name,
    );
    assert.match(rule, /severity: (critical|warning)\n/, name);
    const texts = ['summary', 'description', 'summary_zh', 'description_zh'].map(
      (key) => new RegExp(`^ +${key}: '(.+)'$`, 'm').exec(rule)?.[1] ?? assert.fail(`${name}: ${key}`),
    );
    for (const [number, text] of texts.entries())
      assert.equal(/\p{Script=Han}/u.test(text), number > 1, `${name}: ${text}`);
  }
  for (const { page, alerts } of PAGES) {
    assert.deepEqual(namesInTable(page, alerts), names, page);
    for (const rule of rules) {
      const [, name = '', severity = ''] = /^(\w+)\n.*?severity: (\w+)/s.exec(rule) ?? [];
      assert.match(
        readFileSync(join(projectDirectory, page), 'utf8'),
        new RegExp(`\\| \`${name}\` \\| ${severity} \\|`),
      );
    }
  }
  assert.deepEqual(blocksOf(PAGES[1].page, 'text' as never), blocksOf(PAGES[0].page, 'text' as never));
});

test('the example of a configuration is valid', { skip }, (t) => {
  const directory = temporaryDirectory(t);
  cpSync(DIRECTORY, directory, { recursive: true });
  const file = join(directory, 'prometheus.yml');
  const token = join(directory, 'token');
  writeFileSync(token, 'secret\n');
  const text = readFileSync(file, 'utf8');
  const here = text.replace(/credentials_file: .*/, `credentials_file: ${token}`);
  assert.notEqual(here, text);
  writeFileSync(file, here);
  assert.match(promtool(['check', 'config', file]), /rule files found.*SUCCESS/s);
});

test('the metrics are as Prometheus wants them', { skip }, async (t) => {
  const { get } = await startFullSite(t);
  promtool(['check', 'metrics'], String((await get('/metrics')).body));
});

test('every metric that rules and dashboard ask for is there, with a value and the labels they use', async (t) => {
  const { get } = await startFullSite(t);
  const body = String((await get('/metrics')).body);
  const labelsOf = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of body.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const known = labelsOf.get(name) ?? new Set();
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    labelsOf.set(name, known);
  }
  const queries = [
    ...expressions(),
    ...variableQueries(),
    ...[...RULES.matchAll(/expr: (.*)/g)].map(([, expr = '']) => expr),
  ];
  const asked = new Set(queries.flatMap((query) => query.match(/\b(?:pg_backup|process|nodejs)_\w+/g) ?? []));
  assert.ok(asked.size > 20);
  for (const name of asked) assert.ok(labelsOf.has(name), name);
  for (const query of queries) {
    for (const [, name = '', selectors = ''] of query.matchAll(/\b((?:pg_backup|process)_\w+)\{(.*?)\}/g)) {
      for (const [, label = ''] of selectors.matchAll(/(\w+)(?:=~|!~|!=|=)"/g))
        assert.ok(label === 'job' || labelsOf.get(name)?.has(label), `${name}: ${label}`);
    }
  }
});

test('the dashboard has what Grafana needs to import it, and no panel lies over another', () => {
  const { panels } = DASHBOARD;
  assert.ok(DASHBOARD.schemaVersion >= 36);
  assert.deepEqual(
    DASHBOARD.templating.list.map(({ name, type }) => `${name} ${type}`),
    ['datasource datasource', 'job query', 'target query', 'database query'],
  );
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
  const cells = new Set<string>();
  for (const { title, gridPos, type, targets, datasource } of panels) {
    assert.ok(gridPos.x >= 0 && gridPos.w > 0 && gridPos.x + gridPos.w <= COLUMNS, title);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
        assert.ok(!cells.has(`${x} ${y}`), `${title} at ${x} ${y}`);
        cells.add(`${x} ${y}`);
      }
    }
    if (type === 'row') continue;
    assert.match(title, /^\S.* · .*\p{Script=Han}/u);
    assert.ok(targets && targets.length > 0, title);
    assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
    for (const one of [...targets, { datasource }]) assert.equal(one.datasource?.uid, '${datasource}', title);
  }
});

test('every question of the dashboard can be asked', { skip }, (t) => {
  const file = join(temporaryDirectory(t), 'rules.yml');
  const rules = expressions().map((expr, index) => ({ record: `asked:${index}`, expr }));
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  assert.match(promtool(['check', 'rules', file]), new RegExp(`SUCCESS: ${rules.length} rules found`));
});

/** Of all panels, with the variables filled in as Grafana does for one choice. */
function expressions(): string[] {
  return DASHBOARD.panels
    .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
    .map((expr) => expr.replaceAll(/\$(job|target|database)\b/g, '.*'));
}

function variableQueries(): string[] {
  return DASHBOARD.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
}

/** With a database of which everything is known. */
async function startFullSite(t: Parameters<typeof startSite>[0]): Promise<RunningSite> {
  return startSite(t, {
    prepare(layout) {
      for (const path of [layout.data, layout.drills, layout.running]) mkdirSync(path, { recursive: true });
      const run = recordRun(layout, {
        startedAt: '2027-01-10T02:00:00Z',
        record: {
          durationSeconds: 20,
          mode: 'both',
          proof: 'restored',
          artifacts: [{ name: 'x.dump', sizeBytes: HUGE, sha256: '' }],
          remote: [{ url: 'oss://b/x', sizeBytes: HUGE, crc64: '1', confirmedAt: '' }],
          stages: [{ name: 'dump', startedAt: '', durationSeconds: 12.5, outcome: 'done' }],
        },
      });
      writeFileSync(join(layout.data, `${run}.dump`), '');
      recordRun(layout, { startedAt: '2027-01-09T02:00:00Z', errorCode: 'UPLOAD_FAILED' });
      mkdirSync(join(layout.running, 'community_20270110T115900Z_h'));
      writeFileSync(join(layout.drills, `${run}_20270110T030000Z.json`), JSON.stringify(drillOf(run)));
    },
  });
}

/** No disk has room for it, so the space is known to run out. */
const HUGE = 2 ** 52;

function drillOf(run: string): object {
  return {
    ...{ version: 1, run, database: 'community', startedAt: '2027-01-10T03:00:00Z', outcome: 'equal' },
    ...{ sizeBytes: HUGE, phases: [], differences: [], omissions: [], place: 'local' },
    ...{ finishedAt: '2027-01-10T03:01:00Z', durationSeconds: 60, recoverySeconds: 41.5 },
  };
}

function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(promtoolPath() ?? '', args, { input, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}
