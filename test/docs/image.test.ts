import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { SETTING_NAMES, settingOf } from '../../src/config/settings.ts';
import { projectDirectory } from '../harness/parts.ts';
import { pageText } from './pages.ts';

const DOCKERFILE = readFileSync(join(projectDirectory, 'Dockerfile'), 'utf8');
const COMPOSE = readdirSync(join(projectDirectory, 'compose')).filter((name) => name.endsWith('.yaml'));
const PAGES = ['.', 'docs', 'k8s', 'compose'].flatMap((directory) =>
  readdirSync(join(projectDirectory, directory))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(directory, name)),
);

test('the health check that the documentation shows is the one of the image', () => {
  const [line = assert.fail('none')] = /^HEALTHCHECK .*$/m.exec(DOCKERFILE) ?? [];
  for (const page of ['docs/schedule.md', 'docs/schedule.zh-CN.md'])
    assert.ok(pageText(page).includes(`\n${line}\n`), page);
});

test('what the documentation builds with is there to build with', () => {
  const named = PAGES.flatMap((page) => {
    const text = pageText(page);
    const builds = [...text.matchAll(/docker build[^`\n]*?--target (\w+)/g)].map(
      ([, name]) => `^FROM \\S+ AS ${name}$`,
    );
    const names = [...text.matchAll(/--build-arg (\w+)/g)].map(([, name]) => `^ARG .*\\b${name}\\b`);
    return [...builds, ...names].map((pattern) => ({ page, pattern }));
  });
  assert.ok(named.length >= 10, `${named.length}`);
  for (const { page, pattern } of named) assert.match(DOCKERFILE, new RegExp(pattern, 'm'), page);
});

test('the bases are named without a registry, and no mirror is written down', () => {
  const bases = [...DOCKERFILE.matchAll(/^ARG \w+_IMAGE=(.*)$/gm)].map(([, image = '']) => image);
  assert.equal(bases.length, 3);
  for (const image of bases) assert.match(image, /^[a-z]+:[\w.-]+$/);
  assert.doesNotMatch(DOCKERFILE.replaceAll(/^LABEL(.*\\\n)*.*$/gm, ''), /\w:\/\/(?!\$)\w/);
});

test('compose builds an image once, for the sidecar, and the report server takes the same one', () => {
  for (const name of COMPOSE) {
    const { backup, ...others } = servicesOf(name);
    assert.equal(others['reports']?.image, backup?.image, name);
    for (const [service, { build }] of Object.entries(others))
      assert.equal(build, undefined, `${name}: ${service}`);
  }
  const { backup, reports } = servicesOf('compose.yaml');
  assert.ok(backup?.build);
  assert.equal(reports?.pull_policy, 'never');
});

test('compose gives every program of ours settings that there are', () => {
  const known = new Set<string>([
    ...SETTING_NAMES,
    ...SETTING_NAMES.filter((name) => settingOf(name).secret).map((name) => `${name}_FILE`),
  ]);
  const seen = new Set<string>();
  for (const name of COMPOSE) {
    const services = servicesOf(name);
    for (const service of ['backup', 'reports']) {
      for (const setting of Object.keys(services[service]?.environment ?? {})) {
        assert.ok(known.has(setting), `${name}: ${setting}`);
        seen.add(setting);
      }
    }
  }
  for (const setting of ['PGPASSWORD_FILE', 'REPORT_TOKEN_FILE', 'OSS_BUCKET', 'DRILL_SCHEDULE'])
    assert.ok(seen.has(setting), setting);
});

interface Service {
  readonly image?: string;
  readonly build?: object;
  readonly pull_policy?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

function servicesOf(name: string): Readonly<Record<string, Service>> {
  const options = { merge: true, logLevel: 'silent' } as const;
  return parse(readFileSync(join(projectDirectory, 'compose', name), 'utf8'), options).services;
}
