import type { ServerResponse } from 'node:http';
import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import type { Site } from '../overview/site.ts';

const MOST_READERS = 64;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MILLISECONDS = 15_000;
/** Whoever does not take so much has gone away. */
const MOST_WAITING_BYTES = 64 * 1024;

/** Server-sent events: `changed` whenever something that any other route answers has changed. */
export function addEventRoute(app: App, { followed, language, signal }: Site): void {
  const readers = new Set<ServerResponse>();
  const send = (text: string): void => {
    for (const reader of readers) {
      if (reader.writableLength > MOST_WAITING_BYTES) reader.destroy();
      else reader.write(text);
    }
  };
  followed.onChange(() => send(changed(followed.index.revision)));
  const heartbeat = setInterval(() => send(':\n\n'), HEARTBEAT_MILLISECONDS);
  heartbeat.unref();
  app.addHook('onClose', async () => clearInterval(heartbeat));
  app.get('/api/v1/events', { schema: SCHEMA, exposeHeadRoute: false }, async (request, reply) => {
    if (readers.size >= MOST_READERS) return refuse(reply.header('retry-after', '30'), 503, language, FULL);
    reply.hijack();
    const reader = reply.raw;
    // Its own heartbeat shows whether it is alive.
    request.raw.socket.setTimeout(0);
    reader.writeHead(200, {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      // Proxies hold back what they think is a document.
      'x-accel-buffering': 'no',
    } as Record<string, string>);
    reader.write(`retry: 5000\n\n${changed(followed.index.revision)}`);
    readers.add(reader);
    const leave = (): void => {
      readers.delete(reader);
    };
    reader.on('close', leave).on('error', leave);
    if (signal.aborted) reader.end();
    return reply;
  });
}

function changed(revision: number): string {
  return `event: changed\ndata: {"revision":${revision}}\n\n`;
}

const FULL = { en: 'Too many readers of events', zh: '事件读者过多' };
const SCHEMA = {
  summary: 'Server-sent events',
  description:
    'The event `changed` comes at once, and then whenever runs, drills or marks have changed: ask the other routes again. Comments in between show that the connection is alive.',
  tags: ['events'],
  produces: ['text/event-stream'],
};
