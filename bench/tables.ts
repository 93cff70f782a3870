import { type Language, render, type Text } from '../src/language.ts';
import { type JudgedGoal, judge, judgeTogether, ratioOf } from './goals.ts';
import type { Result, SideResult } from './results.ts';
import { SIDES } from './sides.ts';

export type Row = readonly string[];

const HEADS: Readonly<Record<'sides' | 'stages' | 'goals', readonly Text[]>> = {
  sides: [
    { en: 'side', zh: '对象' },
    { en: 'seconds', zh: '秒' },
    { en: '÷ raw', zh: '÷ 原生' },
    { en: 'CPU s', zh: 'CPU 秒' },
    { en: 'of it the program', zh: '其中程序自身' },
    { en: "database's CPU s", zh: '数据库 CPU 秒' },
    { en: "store's CPU s", zh: '存储 CPU 秒' },
    { en: 'program, MB', zh: '程序 MB' },
    { en: 'all, MB', zh: '合计 MB' },
    { en: 'size, MB', zh: '大小 MB' },
  ],
  stages: [
    { en: 'side', zh: '对象' },
    { en: 'seconds of each stage', zh: '各阶段秒数' },
  ],
  goals: [
    { en: 'goal', zh: '目标' },
    { en: 'at most', zh: '至多' },
    { en: 'measured', zh: '实测' },
    { en: 'reached', zh: '是否达到' },
  ],
};

const VERDICTS: Readonly<Record<'yes' | 'no', Text>> = {
  yes: { en: 'yes', zh: '是' },
  no: { en: '**no**', zh: '**否**' },
};

/** What each side cost; the first row is the head. */
export function sidesTable(result: Result, language: Language): Row[] {
  const cells = (side: SideResult): Row => [
    titleOf(side, language),
    timeText(side),
    ratioOf(result, side.name)?.toFixed(2) ?? '–',
    ...[side.cpuSeconds, side.ownCpuSeconds].map((seconds) => seconds.toFixed(1)),
    ...[side.databaseCpuSeconds, side.storeCpuSeconds].map((seconds) => seconds.toFixed(1)),
    ...[side.ownMegabytes, side.allMegabytes].map((megabytes) => megabytes.toFixed(0)),
    side.sizeBytes === undefined ? '–' : (side.sizeBytes / 1e6).toFixed(1),
  ];
  return [head('sides', language), ...result.sides.map(cells)];
}

function timeText({ wallSeconds, fastestSeconds, slowestSeconds }: SideResult): string {
  const [median, fastest, slowest] = [wallSeconds, fastestSeconds, slowestSeconds].map((seconds) =>
    seconds.toFixed(1),
  );
  return fastest === slowest ? `${median}` : `${median} (${fastest}–${slowest})`;
}

/** Where the time of pg-backup goes: stages under 0.05 s are left out. */
export function stagesTable({ sides }: Result, language: Language): Row[] {
  const rows = sides
    .filter(({ stages }) => Object.keys(stages).length > 0)
    .map((side): Row => {
      const stages = Object.entries(side.stages).filter(([, seconds]) => seconds >= 0.05);
      return [
        titleOf(side, language),
        stages.map(([name, seconds]) => `${name} ${seconds.toFixed(1)}`).join(' · '),
      ];
    });
  return [head('stages', language), ...rows];
}

export function goalsTable(result: Result, language: Language): Row[] {
  return [head('goals', language), ...judge(result).map((goal) => goalCells(goal, language))];
}

/** The goals that compare measurements with each other. */
export function goalsTogetherTable(results: readonly Result[], language: Language): Row[] {
  return [head('goals', language), ...judgeTogether(results).map((goal) => goalCells(goal, language))];
}

function goalCells({ title, bound, measured, isReached }: JudgedGoal, language: Language): Row {
  return [render(title, language), bound, measured, render(VERDICTS[isReached ? 'yes' : 'no'], language)];
}

function head(table: keyof typeof HEADS, language: Language): Row {
  return HEADS[table].map((text) => render(text, language));
}

function titleOf({ name }: SideResult, language: Language): string {
  const side = SIDES.find((known) => known.name === name);
  return side ? render(side.title, language) : name;
}

/** As Markdown. */
export function markdown([first = [], ...rows]: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(first), line(first.map(() => '---')), ...rows.map(line)].join('\n');
}

/** For a terminal: columns of equal width, without the marks of Markdown. */
export function plain(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll(/[*`]/g, '')));
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
