import type { Text } from '../src/language.ts';

/** What keeps the figures from being better, written by hand from profiles of the runs that bench/results.json holds. */
export const BOUNDS: Text = {
  en: `
CPU seconds of each program and thread, of one run with 600 MB of the mixed database:

| run | deflate threads | main thread | V8's own threads | pg_dump | pg_restore, reading back | ossutil |
| --- | --- | --- | --- | --- | --- | --- |
| gzip 9, without an upload | 16.6 | 2.2 | 2.2 | 0.8 | 1.7 | – |
| gzip 9, sdk | 16.3 | 3.4 | 3.4 | 0.7 | 1.7 | – |
| zstd 3, ossutil | – | 1.2 | 0.3 | 3.2 with pg_restore | | 0.2 |
| gzip 9 by pg_dump itself, ossutil | – | 1.4 | 0.4 | 39.6 | 1.8 | 0.2 |

- **gzip**: deflate, on every core from the first row to the last. What compresses quickly leaves less to gain, and more cores help until the database gives no
  more rows: one COPY gives some 135 MB a second.
- **zstd 3**: the database and pg_dump, a core each. On two cores reading back takes its time from them; with a third one it would not.
- **gzip by pg_dump itself**: its one thread, 40 of 43 seconds. These are the only rows that are not ahead of the handbook's script, by 2 % at 1.8 GB: the
  dump took 2 % longer than alone while it was read back, which the script never does. Everything else the two have in common.
- **Uploads**: ossutil sends a complete file, so it comes after the dump; its five seconds are the stand-in's. The sdk sends parts along with the dump, and after
  it the head and what is left. The sha256 comes after the dump, too: the offsets in the head are known last.
- **Small databases**: Node starts, and looks at everything first: some 0.7 seconds.
- **Drill**: pg_restore on two connections, 14.5 of 18 seconds, bound by COPY and the indexes.
- **Memory**: the threads and their chunks, and buffers that V8 has not collected yet. The database adds little: from 0.2 to 20 GB it is 2 to 12 MB more, of
  which 3 are the bytes of the table of contents (10,000 large objects, where the smaller database has a hundred); the rest is garbage: the longer a run, the
  higher the highest of its peaks. A profile of 188 MB, in the middle of a run with the sdk and 10,000 large objects: 72 Node's own program file, 77 buffers
  and deflate, 34 the heaps of JavaScript, 5 its code. A third thread takes some 30 MB more. The seconds of 20 GB are those of a machine that did other work, too.
- **pg_back** 2.6.0 (commit \`24b7266\`), measured where it is on PATH, waits for a pg_dump with gzip of one thread before it does anything else. It is ahead only
  of the two rows in which pg_dump compresses itself: it does not read the dump back, count rows or look at the copies, and the S3 server takes less than
  half of the CPU time that the stand-in takes from the same two cores (2 seconds against 5).
- **600 MB of the mixed database** were measured with it on a slower machine (\`pg_dump -Z9\` takes 1.7 times as long for a byte), and miss goals that the other
  machine reaches with 1.8 GB. What takes one thread weighs more there: sha256 without instructions for it (some 200 MB a second), the stand-in's CRC-64,
  the start of Node; and reading back takes its time from pg_dump, whose dump took 4 % longer than alone.
  Its rounds differ, too: the handbook's script took 12 % longer in one than in the other.
`,
  zh: `
混合库 600 MB、各运行一次时，各程序与线程的 CPU 秒：

| 运行 | deflate 线程 | 主线程 | V8 自身线程 | pg_dump | pg_restore（读回） | ossutil |
| --- | --- | --- | --- | --- | --- | --- |
| gzip 9，不上传 | 16.6 | 2.2 | 2.2 | 0.8 | 1.7 | – |
| gzip 9，sdk | 16.3 | 3.4 | 3.4 | 0.7 | 1.7 | – |
| zstd 3，ossutil | – | 1.2 | 0.3 | 3.2（含 pg_restore） | | 0.2 |
| 由 pg_dump 自己压缩 gzip 9，ossutil | – | 1.4 | 0.4 | 39.6 | 1.8 | 0.2 |

- **gzip**：瓶颈是 deflate，自第一行到最后一行占满所有核。压缩得快的数据可省的时间更少；核越多越快，直到数据库供不上行为止：一个 COPY 每秒约 135 MB。
- **zstd 3**：瓶颈是数据库与 pg_dump，各占一个核。只有两个核时，读回要与它们争用；有第三个核时则不会。
- **由 pg_dump 自己压缩 gzip**：瓶颈是它唯一的线程，43 秒中占 40 秒。只有这两行没有领先手册脚本，1.8 GB 时最多慢 2 %：转储在生成的同时被读回（脚本从不读回），比单独运行多用了 2 % 的时间；其余两者相同。
- **上传**：ossutil 只能发送完整的文件，所以在转储之后；那五秒花在存储替身上。sdk 随转储发送分片，之后只剩头部与余下部分。sha256 也在转储之后：头部中的偏移量最后才知道。
- **小库**：Node 启动并先检查一切，约 0.7 秒。
- **演练**：pg_restore 的两个连接占 18 秒中的 14.5 秒，瓶颈是 COPY 与建索引。
- **内存**：取决于线程与其数据块，以及 V8 尚未回收的缓冲区。数据库大小影响很小：从 0.2 GB 到 20 GB 多 2 至 12 MB，其中 3 MB 是归档目录的字节（一万个大对象，较小的库
  只有一百个），其余是垃圾：运行越久，最高峰越高。用 sdk 备份有一万个大对象的库、运行到一半时 188 MB 的构成：Node 自身的程序文件 72，缓冲区与 deflate 77，
  JavaScript 堆 34，其代码 5。每多一个线程约多 30 MB。20 GB 的秒数测自同时有其他工作的机器。
- **pg_back** 2.6.0（提交 \`24b7266\`）在 PATH 中有它时才会测量；它要等单线程 gzip 的 pg_dump 结束之后才做其他事。只有由 pg_dump 自己压缩的两行落后于它：它不读回转储、
  不数行、不核对副本；同样占用这两个核的 S3 服务器所需 CPU 时间也不到存储替身的一半（2 秒对 5 秒）。
- **混合库 600 MB** 与它一起测自较慢的机器：同样的字节 \`pg_dump -Z9\` 要用 1.7 倍时间，另一台机器以 1.8 GB 达到的目标在这里没有达到。只用一个线程的部分在此占比更大：没有
  专用指令的 sha256（每秒约 200 MB）、替身的 CRC-64、Node 的启动；读回也占用 pg_dump 的时间，转储比单独运行多用 4 %。各轮之间也有差异：手册脚本有一轮比另一轮多用 12 %。
`,
};
