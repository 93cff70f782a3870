import type { CommandResult } from '../exec.ts';

/**
 * `harmless`: nothing is missing. `lesser`: rights, owners, comments, places or replication are missing, all rows and objects are there. `fault`: an
 * object or rows are missing.
 */
export type ProblemClass = 'harmless' | 'lesser' | 'fault';

/** Something that pg_restore could not do. */
export interface RestoreProblem {
  readonly class: ProblemClass;
  /** What it was about, for example `COMMENT EXTENSION hstore`; empty where pg_restore did not say. */
  readonly object: string;
  /** In the words of the server. */
  readonly message: string;
}

export interface RestoreMessages {
  /** Takes one line that pg_restore --verbose wrote to stderr. */
  add(line: string): void;
  /** The first ones; the rest is only counted. */
  problems(): readonly RestoreProblem[];
  counts(): Readonly<Record<ProblemClass, number>>;
  /** Whether that is all that kept it from an exit code of 0: it came to its end, and said no more than was understood. */
  explain(result: Pick<CommandResult, 'exitCode'>): boolean;
}

const IGNORED = /^warning: errors ignored on restore: (\d+)$/;
/** A parallel worker and the process that waits for it both count what it met. */
const MOST_COUNTS = 2;
const KEPT_PROBLEMS = 200;
const LONGEST_MESSAGE = 500;
const LONGEST_OBJECT = 120;

/** What it could not do is told by the first line of the statement, which pg_restore always shows. */
const LESSER =
  /^(ALTER .* OWNER TO [^']*;$|GRANT |REVOKE |ALTER DEFAULT PRIVILEGES |SECURITY LABEL |COMMENT ON |(CREATE|ALTER) (PUBLICATION|SUBSCRIPTION|EVENT TRIGGER) |SET SESSION AUTHORIZATION |SET default_(tablespace|table_access_method) )/;
/** Newer clients begin with time limits that older servers do not know; and the comment of an extension comes with it. */
const HARMLESS = /^(SET \w+_timeout = |COMMENT ON EXTENSION )/;
/** The server's way to refuse a right without an error (aclchk.c); as far as it speaks English. */
const WITHOUT_RIGHTS = /^(no|not all) privileges (were granted|could be revoked)/;

/**
 * Understands what pg_restore says about errors that it went on after; its own words are English by LC_ALL=C. Of lines of parallel workers that are mixed
 * up no more is known than that something failed.
 */
export function collectRestoreMessages(): RestoreMessages {
  const counts = { harmless: 0, lesser: 0, fault: 0 };
  const problems: RestoreProblem[] = [];
  let entry = '';
  let open: { message: string; command: string } | undefined;
  let errors = 0;
  /** What it says at its end, and only there (pg_restore.c). */
  let ignoredErrors: number | undefined;

  const note = (problem: RestoreProblem): void => {
    counts[problem.class] += 1;
    if (problems.length < KEPT_PROBLEMS) problems.push(problem);
  };
  const conclude = (): void => {
    if (!open) return;
    const object = entry || open.command.slice(0, LONGEST_OBJECT);
    errors += 1;
    note({ class: classify(open.command), object, message: open.message });
    open = undefined;
    entry = '';
  };
  return {
    add(line) {
      const [, command] = /^Command was: (.*)$/.exec(line) ?? [];
      if (command !== undefined && open) open.command = command;
      const [, said] = /^pg_restore: (.*)$/.exec(line) ?? [];
      if (said === undefined) return;
      conclude();
      const [, about] = /^from TOC entry \d+; \d+ \d+ (.*)$/.exec(said) ?? [];
      const [, warning] = /^WARNING: {2}(.*)$/.exec(said) ?? [];
      const [, error] = /^error: (.*)$/.exec(said) ?? [];
      const message = (error ?? said).replace(/^could not execute query: /, '').slice(0, LONGEST_MESSAGE);
      if (about !== undefined) entry = about.trim();
      else if (warning !== undefined) note(judgeWarning(warning));
      else if (error !== undefined || /pg_restore: (.*: )?error: /.test(said))
        open = { message, command: '' };
      else if (IGNORED.test(said)) ignoredErrors = Number(IGNORED.exec(said)?.[1]);
    },
    problems() {
      conclude();
      return problems;
    },
    counts() {
      conclude();
      return counts;
    },
    explain({ exitCode }) {
      conclude();
      if (exitCode === 0) return true;
      return exitCode === 1 && ignoredErrors !== undefined && ignoredErrors <= errors * MOST_COUNTS;
    },
  };
}

function classify(command: string): ProblemClass {
  if (HARMLESS.test(command)) return 'harmless';
  return LESSER.test(command) ? 'lesser' : 'fault';
}

function judgeWarning(warning: string): RestoreProblem {
  const message = warning.slice(0, LONGEST_MESSAGE);
  return { class: WITHOUT_RIGHTS.test(warning) ? 'lesser' : 'harmless', object: 'WARNING', message };
}
