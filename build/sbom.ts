// Run while the image is built: node build/sbom.ts [file of what `go version -m` said]…
// Writes what the image consists of as CycloneDX 1.6: Debian's packages, those of npm, the modules in Go programs, Node.
// Without times and random numbers, so that the same image has the same list.
import { readdirSync, readFileSync } from 'node:fs';

interface Component {
  readonly type: 'application' | 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly object[];
}

interface NpmPackage {
  readonly version: string;
  readonly license: string | readonly string[];
}

const DPKG = '/var/lib/dpkg';
const goModulesFiles = process.argv.slice(2);
const { name, version, license } = readJson<NpmPackage & { readonly name: string }>('package.json');
const components = [node(), ...debianPackages(), ...npmPackages(), ...goModules()];
const distinct = new Map(components.map((component) => [component.purl, component]));
const sorted = [...distinct.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'container', name, version, licenses: licensed(license) } },
  components: sorted.map((component) => ({ 'bom-ref': component.purl, ...component })),
};
process.stdout.write(`${JSON.stringify(bom, undefined, 1)}\n`);

function node(): Component {
  const number = process.version.slice(1);
  return { type: 'application', name: 'node', version: number, purl: `pkg:github/nodejs/node@v${number}` };
}

/** Those that dpkg installed, and those that were unpacked by hand. */
function debianPackages(): Component[] {
  const byHand = readdirSync(`${DPKG}/status.d`).map((file) =>
    readFileSync(`${DPKG}/status.d/${file}`, 'utf8'),
  );
  const release = /^VERSION_ID="?(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  return [...readFileSync(`${DPKG}/status`, 'utf8').split('\n\n'), ...byHand].flatMap((record) => {
    const field = (key: string): string => new RegExp(`^${key}: (.*)$`, 'm').exec(record)?.[1] ?? '';
    const status = field('Status');
    if (field('Package') === '' || (status !== '' && !status.endsWith(' installed'))) return [];
    const [name, version] = [field('Package'), field('Version')];
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${field('Architecture')}&distro=debian-${release}`;
    return [{ type: 'library', name, version, purl }];
  });
}

/** As npm noted what it installed. */
function npmPackages(): Component[] {
  const { packages } = readJson<{ readonly packages: Record<string, NpmPackage> }>(
    'node_modules/.package-lock.json',
  );
  return Object.entries(packages).map(([path, { version, license }]) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return { type: 'library', name, version, purl, licenses: licensed(license) };
  });
}

function goModules(): Component[] {
  const text = goModulesFiles.map((file) => readFileSync(file, 'utf8')).join('');
  const modules = [...text.matchAll(/^\t(?:mod|dep)\t(\S+)\t(v\S+)/gm)].map(
    ([, name = '', version = '']) => ({
      name,
      version,
    }),
  );
  // The version of the compiler is that of its library, which is in every program.
  const compilers = [...text.matchAll(/: go(\d\S*)$/gm)].map(([, version = '']) => ({
    name: 'stdlib',
    version,
  }));
  return [...modules, ...compilers].map(({ name, version }) => ({
    ...({ type: 'library', name, version } as const),
    purl: `pkg:golang/${name}@${encodeURIComponent(version)}`,
  }));
}

/** An expression of SPDX, or several words that are none. */
function licensed(license: string | readonly string[]): object[] {
  return typeof license === 'string'
    ? [{ expression: license }]
    : license.map((name) => ({ license: { name } }));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'));
}
