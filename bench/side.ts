import type { Text } from '../src/language.ts';
import type { Step } from './measure-process.ts';
import type { Site } from './site.ts';

/** One run of a side, ready to be measured. */
export interface Run {
  readonly steps: readonly Step[];
  /** The whole environment of the steps. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where its files lie; they go after the run. */
  readonly directory: string;
  /** Whether it makes a dump below `directory`. */
  readonly dumps: boolean;
  /** The store that must hold a copy of the dump afterwards. */
  readonly store?: 'oss' | 's3';
  /** What else has to go after the run. */
  readonly cleanUp?: () => Promise<void>;
}

export interface Side {
  readonly name: string;
  readonly title: Text;
  /** Whether it restores a backup that is made and kept for it. */
  readonly restores?: boolean;
  /** The program that the side needs and this machine lacks; the side is then left out. */
  readonly missing: () => string | undefined;
  readonly prepare: (site: Site) => Promise<Run>;
}
