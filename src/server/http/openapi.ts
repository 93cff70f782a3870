import swagger from '@fastify/swagger';
import type { App } from './app.ts';

/** Describes every route that is added after it, at `/openapi.json`. */
export async function describeRoutes(app: App, version: string, basePath: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'pg-backup report server',
        description:
          'What happened to the backups, read from their reports and records. Nothing can be changed.',
        version,
      },
      servers: [{ url: basePath || '/' }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'REPORT_TOKEN, where it is set' },
          basic: { type: 'http', scheme: 'basic', description: 'Any user; REPORT_TOKEN as the password' },
        },
      },
      security: [{ bearer: [] }, { basic: [] }, {}],
    },
  });
  let text: string | undefined;
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    text ??= JSON.stringify(app.swagger());
    return reply.type('application/json; charset=utf-8').send(text);
  });
}
