import type { Message } from './message.ts';

/** One way to reach people or machines. */
export interface Channel {
  readonly name: string;
  /**
   * Resolves once the service said that it took the message.
   * @throws Error whose text says what the service answered; it names the service by its host only.
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** The message reached some of those whom it is for. */
export class PartlyTaken extends Error {
  override readonly name = 'PartlyTaken';
}

export interface Limits {
  /** For one try. */
  readonly tryMilliseconds: number;
  /** For all tries of a message together. */
  readonly overallMilliseconds: number;
  /** Before the second try; before the third one twice as long. */
  readonly pauseMilliseconds: number;
  /** What asks for more time than this is not waited for. */
  readonly retryAfterMilliseconds: number;
}

/** All of it within the thirty seconds that Kubernetes leaves to a program that is told to stop. */
export const LIMITS: Limits = {
  tryMilliseconds: 10_000,
  overallMilliseconds: 30_000,
  pauseMilliseconds: 1000,
  retryAfterMilliseconds: 20_000,
};

export const RETRIES = 2;
