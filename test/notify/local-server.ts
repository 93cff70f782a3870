import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMilliseconds: number;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface LocalServer {
  /** http://127.0.0.1:port */
  readonly origin: string;
  readonly host: string;
  readonly received: readonly Received[];
}

/** What a server does instead of answering. */
export type Fault = 'hang' | 'cut' | 'stall';

/** An HTTP server on this machine, ended with the test; `answer` says what it does with each request. */
export async function startLocalServer(
  t: TestContext,
  answer: (request: Received, count: number) => Reply | Fault,
): Promise<LocalServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const { method = '', headers } = request;
      const body = Buffer.concat(chunks).toString('utf8');
      const one = { method, path: url.pathname, query: url.searchParams, headers, body };
      const whole = { ...one, atMilliseconds: performance.now() };
      received.push(whole);
      const reply = answer(whole, received.length);
      if (reply === 'hang') return;
      if (reply === 'cut') {
        request.socket.destroy();
        return;
      }
      if (reply === 'stall') {
        response.writeHead(200);
        response.write('o');
        return;
      }
      response.writeHead(reply.status ?? 200, reply.headers).end(reply.body);
    });
  });
  await listen(server);
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, received };
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await listen(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}
