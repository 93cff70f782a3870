import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchema,
} from 'fastify';
import type { Language, Text } from '../../language.ts';
import type { Log } from '../../logging.ts';
import type { Secret } from '../../secret.ts';
import { answerBrokenRequest } from './broken-request.ts';
import { logFailures } from './failures.ts';
import { guard } from './guard.ts';
import type { RateLimits } from './rate-limit.ts';
import { createRefuse, type RefusePage, refuse } from './refusals.ts';

export type App = FastifyInstance;
export type Request = FastifyRequest;
export type Reply = FastifyReply;
export type RouteSchema = FastifySchema;

export interface Limits extends RateLimits {
  /** For a whole request to arrive. */
  readonly requestMilliseconds: number;
  /** Between two requests. */
  readonly idleMilliseconds: number;
  /** Without a byte, while somebody asks or takes an answer. */
  readonly silenceMilliseconds: number;
  /** For an answer to be made. */
  readonly answerMilliseconds: number;
  readonly connections: number;
  readonly requestsPerConnection: number;
}

export interface AppOptions {
  readonly language: Language;
  /** Whoever does not know it gets the probes only. */
  readonly token?: Secret | undefined;
  /** Lower case, without a port; undefined: any. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Is taken away from the addresses that begin with it. */
  readonly basePath?: string | undefined;
  readonly limits?: Partial<Limits>;
  readonly log?: Log | undefined;
  readonly refusePage?: RefusePage;
}

/** A request is a line or two and answered from memory: whoever needs longer is no reader. */
export const LIMITS: Limits = {
  requestMilliseconds: 10_000,
  idleMilliseconds: 5_000,
  // Later than requests have to arrive: they are answered before they are closed.
  silenceMilliseconds: 15_000,
  // Later than routes give up by themselves, and earlier than proxies do.
  answerMilliseconds: 40_000,
  connections: 512,
  requestsPerConnection: 1_000,
  requestsPerMinute: 1_200,
  failedTokensPerMinute: 10,
};
const MAXIMUM_BODY_BYTES = 1024;
const MAXIMUM_HEADER_BYTES = 16 * 1024;
/** How often connections are looked at that are too slow. */
const LOOK_MILLISECONDS = 1_000;
const BAD_REQUEST = 400;
const INTERNAL = 500;
const UNAVAILABLE = 503;

/** A server without routes that lets nothing but GET and HEAD through, and answers every failure with `{"code":…,"message":…}`. */
export async function createApp(options: AppOptions): Promise<App> {
  const { language, basePath = '' } = options;
  const limits = { ...LIMITS, ...options.limits };
  const app = fastify({
    logger: false,
    bodyLimit: MAXIMUM_BODY_BYTES,
    connectionTimeout: limits.silenceMilliseconds,
    handlerTimeout: limits.answerMilliseconds,
    requestTimeout: limits.requestMilliseconds,
    keepAliveTimeout: limits.idleMilliseconds,
    maxRequestsPerSocket: limits.requestsPerConnection,
    forceCloseConnections: true,
    http: {
      connectionsCheckingInterval: LOOK_MILLISECONDS,
      maxHeaderSize: MAXIMUM_HEADER_BYTES,
      // The guard says it in our words.
      requireHostHeader: false,
    },
    // A mistyped parameter is refused, and not overlooked.
    ajv: { customOptions: { removeAdditional: false } },
    rewriteUrl: ({ url = '/' }) => (url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url),
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      refuse(reply, error.statusCode ?? BAD_REQUEST, language);
    },
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket, language),
  });
  app.server.maxConnections = limits.connections;
  // Node refuses what is expected of it in words of its own.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  // They are there for the documentation; what is answered is written down once.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  waitForAnswers(app, limits);
  const tellThrown = options.log && logFailures(app, options.log, language);
  const refuseFor = createRefuse(language, options.refusePage);
  app.setErrorHandler((error: FastifyError, request, reply) => {
    // What a store does not tell now, it may tell later.
    const code = error.statusCode ?? (error.code === 'STORE_FAILED' ? UNAVAILABLE : INTERNAL);
    tellThrown?.(request, error);
    refuseFor(request, reply, code, problemOf(error));
  });
  await guard(app, options, limits, refuseFor);
  app.setNotFoundHandler((request, reply) => refuseFor(request, reply, 404));
  return app;
}

/** Whoever has asked is silent until the answer comes, and that is no reason to hang up. */
function waitForAnswers(app: App, { silenceMilliseconds }: Limits): void {
  app.addHook('onRequest', async ({ raw }) => {
    raw.socket.setTimeout(0);
  });
  app.addHook('onSend', async ({ raw }) => {
    raw.socket.setTimeout(silenceMilliseconds);
  });
}

function problemOf({ validation }: FastifyError): Text | undefined {
  const [problem] = validation ?? [];
  if (problem === undefined) return undefined;
  const name = String(problem.params?.['additionalProperty'] ?? problem.instancePath.slice(1));
  const shown = name.slice(0, 64);
  return { en: `The parameter ${shown} cannot be used as it is`, zh: `参数 ${shown} 的值无法使用` };
}
