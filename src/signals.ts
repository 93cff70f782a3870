import { PgBackupError } from './errors.ts';
import { STOP_SIGNALS, type StopSignal } from './exit-codes.ts';

/** The parts of `process` that signals need. */
export interface SignalSource {
  on(event: StopSignal, listener: (signal: StopSignal) => void): unknown;
}

/** Turns the first of these signals into an abort with INTERRUPTED as its reason; a second one calls `exitAtOnce` with its exit code. */
export function abortOnSignals(source: SignalSource, exitAtOnce: (exitCode: number) => void): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: StopSignal): void => {
    if (controller.signal.aborted) exitAtOnce(STOP_SIGNALS[signal]);
    else controller.abort(new PgBackupError('INTERRUPTED', { signal }));
  };
  for (const signal of Object.keys(STOP_SIGNALS) as StopSignal[]) source.on(signal, onSignal);
  return controller.signal;
}
