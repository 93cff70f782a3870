import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { faultsOf } from './api-schema.ts';
import type { KubernetesObject } from './objects.ts';

export interface ApiServer {
  readonly url: string;
  /** What was created, in its order; every object was held against the description of the API before. */
  readonly created: readonly KubernetesObject[];
}

/** The objects by their place: `/apis/batch/v1/namespaces/pg-backup/jobs/name`. */
type Objects = Map<string, KubernetesObject>;

const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' };
const CLUSTER_WIDE = ['Namespace'];

/** As much of an API server as kubectl needs to create objects of the kinds of `known`, and of those that it is given. It starts nothing. */
export async function startApiServer(t: TestContext, known: readonly KubernetesObject[]): Promise<ApiServer> {
  const objects: Objects = new Map();
  const created: KubernetesObject[] = [];
  const kinds = [...new Map(known.map((object) => [collectionOf(object), object])).values()];
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(request, kinds, objects, created);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, created };
}

async function answer(
  request: IncomingMessage,
  kinds: readonly KubernetesObject[],
  objects: Objects,
  created: KubernetesObject[],
): Promise<{ status: number; body: unknown }> {
  const { pathname } = new URL(request.url ?? '', 'http://localhost');
  if (request.method === 'POST') {
    // kubectl writes null for what is not there.
    const absent = (_: string, value: unknown): unknown => (value === null ? undefined : value);
    const object = JSON.parse(await text(request), absent) as KubernetesObject;
    const faults = faultsOf(object);
    if (faults.length > 0) return refusal(400, faults.join('; '));
    const place = `${pathname}/${object.metadata.name}`;
    if (objects.has(place)) return refusal(409, `${place} is there already`);
    objects.set(place, object);
    created.push(object);
    return { status: 201, body: object };
  }
  const body = objects.get(pathname) ?? discovery(pathname, kinds);
  return body ? { status: 200, body } : refusal(404, `there is no ${pathname}`);
}

/** What kubectl asks before anything else: the groups, their kinds, and whether unknown fields are refused. */
function discovery(pathname: string, kinds: readonly KubernetesObject[]): object | undefined {
  const versions = [...new Set(kinds.map(({ apiVersion }) => apiVersion))];
  if (pathname === '/api') return { kind: 'APIVersions', versions: ['v1'] };
  if (pathname === '/apis') {
    const groups = versions
      .filter((version) => version.includes('/'))
      .map((groupVersion) => {
        const [name, version] = groupVersion.split('/');
        return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
      });
    return { kind: 'APIGroupList', apiVersion: 'v1', groups };
  }
  if (pathname === '/openapi/v3') {
    const paths = versions.map((version) => [
      root(version).slice(1),
      { serverRelativeURL: `/openapi/v3${root(version)}` },
    ]);
    return { paths: Object.fromEntries(paths) };
  }
  const version = versions.find((one) => pathname.endsWith(root(one)));
  const ofVersion = kinds.filter(({ apiVersion }) => apiVersion === version);
  if (version === undefined) return undefined;
  if (pathname.startsWith('/openapi/v3/')) return { openapi: '3.0.0', paths: patchPaths(ofVersion) };
  const resources = ofVersion.map(({ kind }) => ({
    name: plural(kind),
    singularName: kind.toLowerCase(),
    namespaced: !CLUSTER_WIDE.includes(kind),
    kind,
    verbs: ['create', 'get', 'patch'],
  }));
  return { kind: 'APIResourceList', groupVersion: version, resources };
}

function patchPaths(kinds: readonly KubernetesObject[]): object {
  const paths = kinds.map(({ apiVersion, kind }) => {
    const [version, group = ''] = apiVersion.split('/').toReversed();
    const patch = {
      parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
      'x-kubernetes-group-version-kind': { group, version, kind },
    };
    return [`${root(apiVersion)}/${plural(kind)}/{name}`, { patch }];
  });
  return Object.fromEntries(paths);
}

function refusal(code: number, message: string): { status: number; body: object } {
  return {
    status: code,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: code === 404 ? 'NotFound' : 'Invalid',
      message,
      code,
    },
  };
}

function collectionOf({ apiVersion, kind }: KubernetesObject): string {
  return `${root(apiVersion)}/${plural(kind)}`;
}

function root(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function plural(kind: string): string {
  return PLURALS[kind] ?? `${kind.toLowerCase()}s`;
}
