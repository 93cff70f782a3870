import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { type LoadedSettings, loadSettings } from '../../src/config/load.ts';
import { SETTING_NAMES, type SettingName, settingOf } from '../../src/config/settings.ts';
import { parseCronPattern } from '../../src/cron-pattern.ts';
import { missing, projectDirectory } from '../harness/parts.ts';
import type { Container, Workload } from './objects.ts';
import { allWorkloads, KUSTOMIZATIONS, ofKind, ownContainer, RENDERED, workloadsOf } from './rendered.ts';

const skip = missing('kubectl');
const MINUTE = 60_000;

/** The keys of each Secret that the template names. */
const SECRETS: ReadonlyMap<string, readonly string[]> = new Map(
  parseAllDocuments(readFileSync(join(projectDirectory, 'k8s/secrets.yaml'), 'utf8')).map((document) => {
    const { metadata, stringData } = document.toJS() as {
      metadata: { name: string };
      stringData: Record<string, string>;
    };
    for (const value of Object.values(stringData)) assert.equal(value, '');
    return [metadata.name, Object.keys(stringData)];
  }),
);

test('the settings of every pod are accepted, without a warning', { skip }, () => {
  for (const workload of allWorkloads()) {
    assert.deepEqual(load(workload).warnings, [], workload.place);
  }
});

test('every name in an environment is a setting, or one of Alibaba Cloud’s that is read', { skip }, () => {
  const chain = readFileSync(join(projectDirectory, 'src/storage/credential-chain.ts'), 'utf8');
  const known = new Set<string>([
    ...SETTING_NAMES,
    ...SETTING_NAMES.filter((name) => settingOf(name).secret).map((name) => `${name}_FILE`),
    ...[...chain.matchAll(/environment\['(ALIBABA_CLOUD_\w+)'\]/g)].map(([, name = '']) => name),
  ]);
  for (const workload of allWorkloads()) {
    for (const name of Object.keys(environmentOf(workload))) {
      assert.ok(known.has(name), `${workload.place}: ${name}`);
    }
  }
});

test('no secret stands anywhere but in Secrets, which are not rendered', { skip }, () => {
  for (const directory of KUSTOMIZATIONS) {
    assert.deepEqual(ofKind(directory, 'Secret'), []);
    for (const { metadata, data } of ofKind(directory, 'ConfigMap')) {
      for (const name of Object.keys(data ?? {})) {
        assert.ok(!isSecret(name), `${directory} ${metadata.name}: ${name}`);
      }
    }
  }
  for (const { place, containers } of allWorkloads()) {
    for (const { name } of containers.flatMap(({ env = [] }) => env)) {
      assert.ok(!isSecret(name), `${place}: ${name}`);
    }
  }
});

test('every file that a setting names is a key of a Secret that is mounted there', { skip }, () => {
  let files = 0;
  for (const workload of allWorkloads()) {
    for (const container of workload.containers) {
      for (const { name, value = '' } of container.env ?? []) {
        if (!name.endsWith('_FILE')) continue;
        assert.ok(secretAt(workload, container, value), `${workload.place}: ${name}=${value}`);
        files += 1;
      }
    }
  }
  assert.ok(files > 20);
});

test('with RRSA no key is mounted, and the service accounts name their roles', { skip }, () => {
  const directory = 'k8s/overlays/rrsa-ack';
  for (const workload of workloadsOf(directory)) {
    const names = workload.pod.spec.volumes?.flatMap(({ secret }) => secret?.secretName ?? []);
    assert.ok(!names?.some((name) => name.startsWith('pg-backup-oss')), workload.place);
    assert.equal(load(workload).settings.OSS_CREDENTIALS, 'chain');
  }
  for (const { metadata } of ofKind(directory, 'ServiceAccount')) {
    assert.ok(metadata.annotations?.['pod-identity.alibabacloud.com/role-name'], metadata.name);
  }
  const [namespace] = ofKind(directory, 'Namespace');
  assert.equal(namespace?.metadata.labels?.['pod-identity.alibabacloud.com/injection'], 'on');
});

test('a server without the volume reads from OSS, where everything else puts its reports', { skip }, () => {
  let servers = 0;
  for (const directory of KUSTOMIZATIONS) {
    const workloads = workloadsOf(directory);
    const server = workloads.find(({ object }) => object.kind === 'Deployment');
    const readsOss = !server?.pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim);
    if (readsOss) servers += 1;
    for (const workload of workloads) {
      assert.equal(load(workload).settings.REPORT_SOURCE !== undefined, readsOss, workload.place);
    }
  }
  assert.equal(servers, 3);
});

test('without any volume backups go to OSS alone', { skip }, () => {
  for (const workload of workloadsOf('k8s/overlays/oss-only')) {
    assert.equal(load(workload).settings.BACKUP_MODE, 'oss');
    const claims = workload.pod.spec.volumes?.filter((volume) => volume.persistentVolumeClaim);
    assert.deepEqual(claims, [], workload.place);
  }
});

test('Prometheus sends the token that the server wants', { skip }, () => {
  const [monitor] = ofKind('k8s/overlays/servicemonitor', 'ServiceMonitor');
  const credentials = monitor?.spec?.endpoints?.[0]?.authorization.credentials;
  const server = workloadsOf('k8s/overlays/servicemonitor').find(
    ({ object }) => object.kind === 'Deployment',
  );
  assert.ok(server && credentials);
  const [container = assert.fail('no container')] = server.containers;
  const path = container.env?.find(({ name }) => name === 'REPORT_TOKEN_FILE')?.value ?? '';
  assert.ok(secretAt(server, container, path));
  assert.ok(path.endsWith(`/${credentials.key}`));
  const volumes = server.pod.spec.volumes ?? [];
  assert.ok(volumes.some(({ secret }) => secret?.secretName === credentials.name));
});

test('a CronJob backs up when the report server expects it to', { skip }, () => {
  for (const [directory, objects] of RENDERED) {
    const workloads = workloadsOf(directory);
    const server = workloads.find(({ object }) => object.kind === 'Deployment');
    assert.ok(server, directory);
    const { BACKUP_SCHEDULE, BACKUP_TIMEZONE, BACKUP_GRACE_MINUTES } = load(server).settings;
    const due = parseCronPattern(BACKUP_SCHEDULE, BACKUP_TIMEZONE ?? 'UTC').next(new Date()) ?? new Date(0);
    for (const { kind, metadata, spec } of objects) {
      if (kind !== 'CronJob' || metadata.labels?.['app.kubernetes.io/component'] !== 'backup') continue;
      assert.equal(spec?.timeZone, BACKUP_TIMEZONE);
      const pattern = parseCronPattern(spec?.schedule ?? '', spec?.timeZone ?? '');
      const begins = pattern.next(new Date(due.getTime() - MINUTE)) ?? new Date(0);
      const late = begins.getTime() - due.getTime();
      assert.ok(late >= 0 && late <= (BACKUP_GRACE_MINUTES * MINUTE) / 2, `${directory} ${metadata.name}`);
      if (directory !== 'k8s/overlays/many-databases') assert.equal(spec?.schedule, BACKUP_SCHEDULE);
    }
  }
});

test('with many databases each has a CronJob, and no CronJob has another', { skip }, () => {
  const workloads = workloadsOf('k8s/overlays/many-databases');
  const backups = workloads.filter(({ object }) => object.kind === 'CronJob');
  const [first = assert.fail('no CronJob')] = backups;
  const databases = backups.map((workload) => {
    const [command, flag, database = ''] = ownContainer(workload)?.args ?? [];
    assert.deepEqual([command, flag], ['backup', '--database']);
    assert.equal(workload.object.metadata.name, `pg-backup-${database}`);
    assert.equal(workload.pod.metadata.labels?.['app.kubernetes.io/instance'], database);
    return database;
  });
  assert.deepEqual(databases, load(first).settings.PG_DATABASES);
});

function isSecret(name: string): boolean {
  return SETTING_NAMES.includes(name as SettingName)
    ? settingOf(name as SettingName).secret === true
    : /(PASSWORD|SECRET|TOKEN|KEY)$/.test(name);
}

/** As `pg-backup` loads them there, with a value that fits in each mounted key. */
function load(workload: Workload): LoadedSettings {
  const container = ownContainer(workload) ?? assert.fail(workload.place);
  const readFile = (path: string): string => {
    if (secretAt(workload, container, path)) return 'sixteen-letters-or-more\n';
    throw Object.assign(new Error(path), { code: 'ENOENT' });
  };
  const readsReportsOnly = container.args?.[0] === 'serve';
  return loadSettings(environmentOf(workload), readFile, 'en', { readsReportsOnly });
}

function environmentOf(workload: Workload): Record<string, string> {
  const container = ownContainer(workload) ?? assert.fail(workload.place);
  const directory = workload.place.split(' ')[0] ?? '';
  const maps = (container.envFrom ?? []).map(({ configMapRef }) => {
    const map = ofKind(directory, 'ConfigMap').find(({ metadata }) => metadata.name === configMapRef?.name);
    return map?.data ?? assert.fail(`${workload.place}: ${configMapRef?.name}`);
  });
  const own = (container.env ?? []).map(({ name, value }) => [name, value ?? assert.fail(name)]);
  return Object.assign({}, ...maps, Object.fromEntries(own));
}

/** Whether a Secret that has such a key is mounted at that path. */
function secretAt({ pod }: Workload, { volumeMounts = [] }: Container, path: string): boolean {
  return volumeMounts.some(({ name, mountPath }) => {
    const secret = pod.spec.volumes?.find((volume) => volume.name === name)?.secret;
    const keys = secret && SECRETS.get(secret.secretName);
    return keys?.some((key) => path === `${mountPath}/${key}`) ?? false;
  });
}
