import type { Settings } from '../config/settings.ts';
import type { Language } from '../language.ts';
import type { Log } from '../logging.ts';
import type { Scrub } from '../scrub.ts';
import { type Channel, LIMITS, type Limits, PartlyTaken } from './channel.ts';
import { channelScrub, createChannels, createPingChannel } from './channels.ts';
import { composeNews, composeOverdue, composePing, type Sender } from './compose.ts';
import type { Message } from './message.ts';
import type { PingEvent } from './ping.ts';
import { createRateLimit } from './rate-limit.ts';
import { type About, chooseNews, type Outcome, type Overdue } from './rules.ts';

export type { About, Outcome, Overdue };

export interface Notifier {
  /** Chooses by NOTIFY_ON what of it is news, and tells it on every channel: one message for each kind of news. Never rejects. */
  tell(about: About, outcomes: readonly Outcome[]): Promise<void>;
  /** Tells that backups are overdue, where NOTIFY_ON says stale. Resolves to false where there is somebody to tell and no channel took it; never rejects. */
  tellStale(overdue: readonly Overdue[]): Promise<boolean>;
  /** Calls the check that NOTIFY_PING_URL names. Never rejects. */
  ping(event: PingEvent, outcomes?: readonly Outcome[]): Promise<void>;
}

export interface NotifierSurroundings {
  readonly settings: Settings;
  readonly language: Language;
  readonly log: Log;
  readonly scrub: Scrub;
  readonly clock: () => Date;
  readonly hostname: string;
  readonly target: string | undefined;
  /** Where it is remembered what was told (`notified` of the layout). */
  readonly directory: string;
}

/** Tells people of what happened. What fails here is logged and hurts nothing; every call ends within `limits.overallMilliseconds`, also in a run that was interrupted. */
export function createNotifier(surroundings: NotifierSurroundings, limits: Limits = LIMITS): Notifier {
  const { settings, clock, log } = surroundings;
  const sender: Sender = surroundings;
  // For what services say only: it also knows parts of their addresses, which may be words of a message.
  const partsScrub = channelScrub(settings);
  const scrub: Scrub = (text) => partsScrub(surroundings.scrub(text));
  const channels = createChannels(settings, clock, limits);
  const wanted = settings.NOTIFY_ON;
  const rateLimit = createRateLimit({ ...surroundings, intervalMinutes: settings.NOTIFY_INTERVAL_MINUTES });

  const send = (message: Message, to: readonly Channel[], milliseconds = limits.overallMilliseconds) =>
    sendToAll(message, to, { milliseconds, log, scrub });

  return {
    tell: (about, outcomes) =>
      guarded(log, scrub, async () => {
        if (channels.length === 0) return;
        await rateLimit.forgetWhatIsOver(about, outcomes);
        const news = chooseNews(about, outcomes, wanted);
        await Promise.all(
          news.map((one) =>
            rateLimit.tellAtMostOnce(`${one.about}.${one.kind}`, one.outcomes, (heldBack) =>
              send(composeNews(sender, clock(), one, heldBack), channels),
            ),
          ),
        );
      }),
    tellStale: async (overdue) => {
      const isTold = await guarded(log, scrub, async () => {
        if (channels.length === 0 || overdue.length === 0 || !wanted.includes('stale')) return true;
        return rateLimit.tellAtMostOnce('backup.stale', overdue, (heldBack) =>
          send(composeOverdue(sender, clock(), overdue, heldBack), channels),
        );
      });
      return isTold ?? false;
    },
    ping: (event, outcomes = []) =>
      guarded(log, scrub, async () => {
        const check = createPingChannel(settings, event, limits);
        if (check === undefined) return;
        // The work waits for it, and it tells nothing that the end does not tell too.
        const patience = event === 'start' ? limits.tryMilliseconds : limits.overallMilliseconds;
        await send(composePing(sender, clock(), event, outcomes), [check], patience);
      }),
  };
}

interface SendOptions {
  /** For every channel. */
  readonly milliseconds: number;
  readonly log: Log;
  readonly scrub: Scrub;
}

/** Whether any channel took the message. */
async function sendToAll(
  message: Message,
  channels: readonly Channel[],
  { milliseconds, log, scrub }: SendOptions,
): Promise<boolean> {
  const signal = AbortSignal.timeout(milliseconds);
  const taken = await Promise.all(
    channels.map(async (channel) => {
      try {
        await channel.send(message, signal);
        return true;
      } catch (error) {
        log('warn', 'NOTIFY_FAILED', { channel: channel.name, detail: scrub(textOf(error)) });
        return error instanceof PartlyTaken;
      }
    }),
  );
  return taken.includes(true);
}

async function guarded<T>(log: Log, scrub: Scrub, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    log('warn', 'NOTIFY_FAILED', { channel: '*', detail: scrub(textOf(error)) });
    return undefined;
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
