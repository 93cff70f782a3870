import { shownAnswer } from './http.ts';

export interface AnswerForm {
  /** Where the code stands, the first one that is there counts. */
  readonly codes: readonly string[];
  readonly text: string;
  /** These mean that too much was sent. */
  readonly rateLimits: readonly number[];
}

/**
 * Chat robots answer HTTP 200 whatever happened; the code in their JSON says it, and 0 alone is success.
 * @throws Error with the code and what the robot said.
 */
export function checkRobotAnswer(
  host: string,
  answer: string,
  { codes, text, rateLimits }: AnswerForm,
): void {
  const said = parseObject(answer);
  const code = codes.map((name) => said?.[name]).find((value) => value !== undefined);
  if (code === 0) return;
  if (said === undefined || code === undefined)
    throw new Error(`${host}: unexpected answer: ${shownAnswer(answer)}`);
  const limited = rateLimits.includes(Number(code)) ? 'rate limit of the service reached: ' : '';
  throw new Error(
    `${host}: ${limited}${codes[0]} ${shownAnswer(String(code))}: ${shownAnswer(String(said[text] ?? ''))}`,
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
