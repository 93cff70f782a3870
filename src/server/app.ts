import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Route } from './healthz.ts';

/** A request is a line or two and answered from memory: whoever needs longer is no reader. */
const REQUEST_MILLISECONDS = 10_000;
const IDLE_MILLISECONDS = 5_000;
const MAXIMUM_BODY_BYTES = 1024;
const BAD_REQUEST = 400;
const INTERNAL = 500;

/** A server of the routes that answers everything else with `{"code":…,"message":…}`, and tells nobody what went wrong inside. */
export function createApp(routes: readonly Route[]): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: MAXIMUM_BODY_BYTES,
    connectionTimeout: REQUEST_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
    keepAliveTimeout: IDLE_MILLISECONDS,
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const code = error.statusCode ?? BAD_REQUEST;
      void reply.status(code).send(errorBody(code));
    },
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify(errorBody(BAD_REQUEST));
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
      if (socket.writable) socket.end(head + body);
      else socket.destroy();
    },
  });
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const code = error.statusCode ?? INTERNAL;
    void reply.status(code).send(errorBody(code));
  });
  app.setNotFoundHandler((_request, reply) => {
    void reply.status(404).send(errorBody(404));
  });
  for (const { path, answer } of routes) {
    app.get(path, async (_request, reply) => {
      const { status, body } = await answer();
      void reply.header('cache-control', 'no-store').status(status);
      return body;
    });
  }
  return app;
}

interface ErrorBody {
  readonly code: number;
  readonly message: string;
}

function errorBody(code: number): ErrorBody {
  return { code, message: MESSAGES.get(code) ?? (code < INTERNAL ? 'Bad request' : 'Internal error') };
}

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [404, 'Not found'],
  [413, 'Too large'],
  [415, 'Unsupported media type'],
]);
