import type { ServerResponse } from 'node:http';
import type { App } from '../http/app.ts';
import { refuse } from '../http/refusals.ts';
import { progressView } from '../overview/run-progress.ts';
import type { Site } from '../overview/site.ts';
import type { RunningRun } from '../run-index/place-facts.ts';

const MOST_READERS = 64;
/** Proxies close what is silent for a minute. */
const HEARTBEAT_MILLISECONDS = 15_000;
/** Whoever does not take so much has gone away. */
const MOST_WAITING_BYTES = 64 * 1024;

/** Server-sent events: `changed` whenever something that any other route answers has changed, `progress` whenever a run under way tells something. */
export function addEventRoute(app: App, site: Site): void {
  const { followed, language, signal } = site;
  const readers = new Set<ServerResponse>();
  const sendTo = (reader: ServerResponse, text: string): void => {
    if (reader.writableLength > MOST_WAITING_BYTES) reader.destroy();
    else if (text !== '' && readers.has(reader)) reader.write(text);
  };
  const send = (text: string): void => {
    for (const reader of readers) sendTo(reader, text);
  };
  followed.onChange(() => send(changed(followed.index.revision)));
  let stopListening = (): void => {};
  const listen = (): void => {
    stopListening = site.progress.onProgress(async (running) => send(await progressOf(site, running)));
  };
  const heartbeat = setInterval(() => send(':\n\n'), HEARTBEAT_MILLISECONDS);
  heartbeat.unref();
  app.addHook('onClose', async () => clearInterval(heartbeat));
  app.head('/api/v1/events', { schema: { hide: true } }, async (_request, reply) =>
    reply.headers(HEADERS).send(),
  );
  app.get('/api/v1/events', { schema: SCHEMA, exposeHeadRoute: false }, async (request, reply) => {
    if (readers.size >= MOST_READERS) return refuse(reply.header('retry-after', '30'), 503, language, FULL);
    reply.hijack();
    const reader = reply.raw;
    // Its own heartbeat shows whether it is alive.
    request.raw.socket.setTimeout(0);
    reader.writeHead(200, {
      ...reply.getHeaders(),
      ...HEADERS,
    } as Record<string, string>);
    reader.write(`retry: 5000\n\n${changed(followed.index.revision)}`);
    if (readers.size === 0) listen();
    readers.add(reader);
    for (const running of followed.index.running.filter(site.progress.of))
      void progressOf(site, running).then((text) => sendTo(reader, text));
    const leave = (): void => {
      if (readers.delete(reader) && readers.size === 0) stopListening();
    };
    reader.on('close', leave).on('error', leave);
    if (signal.aborted) reader.end();
    return reply;
  });
}

function changed(revision: number): string {
  return `event: changed\ndata: {"revision":${revision}}\n\n`;
}

/** Nothing where nothing is known, or the run has ended meanwhile. */
async function progressOf(site: Site, running: RunningRun): Promise<string> {
  // What hinders it is told where it is asked for.
  const overview = await site.overview().catch(() => undefined);
  const one = overview?.databases.find(
    ({ place, database }) => place === running.place && database === running.database,
  );
  const progress = progressView(site, running, one?.newestGood);
  if (!progress || !site.followed.index.running.some(({ run }) => run === running.run)) return '';
  const { run, database, startedAt } = running;
  const data = { run, database, startedAt: startedAt.toISOString(), ...progress };
  return `event: progress\ndata: ${JSON.stringify(data)}\n\n`;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies hold back what they think is a document.
  'x-accel-buffering': 'no',
};
const FULL = { en: 'Too many readers of events', zh: '事件读者过多' };
const SCHEMA = {
  summary: 'Server-sent events',
  description:
    'The event `changed` comes at once, and then whenever runs, drills or marks have changed: ask the other routes again. `progress` comes at most once a second while a run is under way: `run`, `database`, `startedAt`, and the fields of `running.progress` of the summary. Comments in between show that the connection is alive.',
  tags: ['events'],
  produces: ['text/event-stream'],
};
