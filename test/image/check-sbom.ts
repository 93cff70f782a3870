// Runs in a container: holds the list of the image's parts against what lies in it. In /work are that list and the one of the image for drills.
import assert from 'node:assert/strict';
import { globSync, readdirSync, readFileSync } from 'node:fs';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
}

const [parts, drillParts] = ['sbom', 'sbom-drill'].map(readList);
assert.ok(parts && drillParts);

const npm = globSync('/app/node_modules/{*,@*/*,**/node_modules/{*,@*/*}}/package.json').map((path) => {
  const { name, version } = JSON.parse(readFileSync(path, 'utf8'));
  return `${name} ${version}`;
});
assert.ok(npm.length > 150, `${npm.length} packages of npm`);
assert.deepEqual(named(parts, 'npm'), distinct(npm));

const records = [
  ...readFileSync('/var/lib/dpkg/status', 'utf8').split('\n\n'),
  ...readdirSync('/var/lib/dpkg/status.d').map((name) =>
    readFileSync(`/var/lib/dpkg/status.d/${name}`, 'utf8'),
  ),
];
const debian = records.flatMap((record) => {
  const [, name] = /^Package: (.*)$/m.exec(record) ?? [];
  return name === undefined ? [] : [`${name} ${/^Version: (.*)$/m.exec(record)?.[1]}`];
});
assert.deepEqual(named(parts, 'deb'), distinct(debian));
assert.ok(debian.some((name) => name.startsWith('postgresql-client-17 17.')));
for (const gone of ['apt', 'perl-base', 'dpkg', 'postgresql-17'])
  assert.ok(!debian.some((name) => name.startsWith(`${gone} `)), gone);
assert.ok(named(drillParts, 'deb').some((name) => name.startsWith('postgresql-17 17.')));

assert.ok(named(parts, 'golang').includes('github.com/aliyun/ossutil v1.7.19'));
assert.ok(named(parts, 'golang').some((name) => /^stdlib 1\.\d+/.test(name)));
assert.deepEqual(named(parts, 'github'), [`node ${process.version.slice(1)}`]);
for (const { name, licenses } of parts.filter(({ purl }) => purl.startsWith('pkg:npm/')))
  assert.ok(licenses?.length, name);

function readList(name: string): readonly Component[] {
  const { bomFormat, specVersion, components } = JSON.parse(readFileSync(`/work/${name}.json`, 'utf8'));
  assert.deepEqual([bomFormat, specVersion], ['CycloneDX', '1.6']);
  return components;
}

function named(list: readonly Component[], type: string): string[] {
  return distinct(
    list
      .filter(({ purl }) => purl.startsWith(`pkg:${type}/`))
      .map(({ name, version }) => `${name} ${version}`),
  );
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
