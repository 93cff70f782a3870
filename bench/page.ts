import { writeFileSync } from 'node:fs';
import { type Language, render, type Text } from '../src/language.ts';
import { BOUNDS } from './bounds.ts';
import type { Shape } from './make-database.ts';
import type { Result } from './results.ts';
import { goalsTable, goalsTogetherTable, markdown, sidesTable, stagesTable } from './tables.ts';

/** The path of the page in each language, from the root of the working copy. */
export const PAGES: Readonly<Record<Language, string>> = {
  en: 'docs/performance.md',
  zh: 'docs/performance.zh-CN.md',
};

const INTRODUCTION: Text = {
  en: `# Performance

[中文](performance.zh-CN.md) · [architecture](architecture.md) · [settings](settings.md) · [compared with others](comparison.md)

Made by \`npm run bench -- --write\`, which makes the database, runs each side in turn, and again, and takes medians. A full run of
**pg-backup** is everything that \`pg-backup backup\` does: dump, globals, the whole archive read back, sha256, fsync, upload, confirmation by the
store, and the fingerprint with the rows of each table. The raw side is \`pg_dump\` into a file, and nothing else.

- *seconds*: the median, and the fastest and slowest run.
- *÷ raw*: the time divided by that of \`pg_dump -Fc -Z9 -f\` in the same measurement. On one core means that the programs of the side share one; the
  database keeps all.
- *CPU s*: user and system time of the side's programs, a drill's own server included; those of the database server and of the store, which
  run on the same machine, stand beside it.
- *program, MB*: the highest resident memory of the program itself; *all, MB*: of it and all that it started, a drill's own server
  included, the database server left out.
- The store is on the same machine: uploads cost CPU time and no waiting for a network. For OSS it is the stand-in of the tests, for
  S3 it is \`rclone serve s3\`.
- The program runs from the checkout, as it is written. The image has it compiled: there it starts some 70 ms sooner and needs some 20 MB less.
`,
  zh: `# 性能

[English](performance.md) · [架构](architecture.md) · [设置](settings.zh-CN.md) · [与其他工具比较](comparison.zh-CN.md)

由 \`npm run bench -- --write\` 生成：它建库，轮流运行每个对象，反复若干轮，取中位数。**pg-backup** 的一次完整运行包括 \`pg-backup backup\` 所做的
一切：转储、全局对象、完整回读归档、sha256、fsync、上传、向存储确认，以及含每张表行数的指纹。原生对象只是 \`pg_dump\` 写到文件，别无其他。

- *秒*：中位数，以及最快与最慢的一次。
- *÷ 原生*：用时除以同一次测量中 \`pg_dump -Fc -Z9 -f\` 的用时。“限一个核”指该对象的所有程序共用一个核，数据库仍可用所有核。
- *CPU 秒*：对象自身各程序的用户态与内核态时间，含演练自己的服务器；数据库服务器与存储在同一台机器上运行，单独列出。
- *程序 MB*：程序自身的最高常驻内存；*合计 MB*：它及其启动的所有进程之和，含演练自己的服务器，不含数据库服务器。
- 存储在同一台机器上：上传耗费 CPU 时间，但没有网络等待。OSS 用测试中的替身，S3 用 \`rclone serve s3\`。
- 程序直接以检出的源码运行。镜像中的程序已编译：启动快约 70 ms，内存少约 20 MB。
`,
};

const SHAPE_TITLES: Readonly<Record<Shape, Text>> = {
  mixed: {
    en: '60 % in one table, 300 small tables, large objects',
    zh: '六成在一张表，另有 300 张小表与大对象',
  },
  'one-big': { en: 'one big table', zh: '一张大表' },
  'many-small': { en: '300 small tables', zh: '300 张小表' },
};

const FACTS: Text = {
  en: `{tables} GB of table data as the server counts it; medians of {rounds}. {date}: {cores} cores, {processor}, {memory} GB of memory, PostgreSQL {postgres},
pg_dump {pgDump} (with zstd {pgDumpWithZstd}), Node {node}.`,
  zh: `服务器统计的表数据为 {tables} GB；取 {rounds} 轮的中位数。{date}：{cores} 核，{processor}，{memory} GB 内存，PostgreSQL {postgres}，
pg_dump {pgDump}（zstd 用 {pgDumpWithZstd}），Node {node}。`,
};

const HEADINGS: Readonly<Record<'together' | 'bounds' | 'goals' | 'stages' | 'nothing', Text>> = {
  together: { en: '## Across sizes and shapes', zh: '## 不同大小与形状之间' },
  bounds: { en: '## What bounds it', zh: '## 瓶颈在哪里' },
  goals: { en: '### Goals', zh: '### 目标' },
  stages: { en: '### Where the time goes', zh: '### 时间花在哪里' },
  nothing: { en: 'Nothing has been measured yet.', zh: '尚未测量。' },
};

/** The page with every result. */
export function performancePage(results: readonly Result[], language: Language): string {
  const parts = [
    render(INTRODUCTION, language).trimEnd(),
    ...results.flatMap((result) => sectionOf(result, language)),
    ...(results.length === 0
      ? [render(HEADINGS.nothing, language)]
      : [
          ...[render(HEADINGS.together, language), markdown(goalsTogetherTable(results, language))],
          ...[render(HEADINGS.bounds, language), render(BOUNDS, language).trim()],
        ]),
  ];
  return `${parts.join('\n\n')}\n`;
}

export function writePages(results: readonly Result[]): void {
  for (const language of ['en', 'zh'] as const)
    writeFileSync(new URL(`../${PAGES[language]}`, import.meta.url), performancePage(results, language));
}

function sectionOf(result: Result, language: Language): string[] {
  const { machine, rounds } = result;
  const title = render(SHAPE_TITLES[result.shape], language);
  const stages = stagesTable(result, language);
  return [
    `## ${sizeText(result.sizeBytes)}${language === 'en' ? ': ' : '：'}${title}`,
    render(FACTS, language, {
      ...{ rounds, ...machine },
      tables: (result.tableBytes / 1e9).toFixed(2),
      memory: Math.round(machine.memoryBytes / 1e9),
    }),
    markdown(sidesTable(result, language)),
    render(HEADINGS.goals, language),
    markdown(goalsTable(result, language)),
    ...(stages.length > 1 ? [render(HEADINGS.stages, language), markdown(stages)] : []),
  ];
}

/** As --size takes it. */
export function sizeText(bytes: number): string {
  return bytes < 1e9 ? `${Number((bytes / 1e6).toFixed(1))}MB` : `${Number((bytes / 1e9).toFixed(1))}GB`;
}
