/** What the description of the API says, which is English, in Chinese. */
export const API_WORDS: ReadonlyMap<string, string> = new Map([
  ['Whether the process answers', '进程是否能应答'],
  ['Whether everything was read once', '是否已全部读取一遍'],
  ['Whether every database has a fresh backup', '每个库是否都有及时的备份'],
  ['The newest report', '最新一份报表'],
  [
    'The shape is agreed with the platform. Without `data` where there is no report yet.',
    '格式与平台约定一致。尚无报表时没有 `data`。',
  ],
  ['The reports page by page, the newest finish first', '报表分页，按结束时间从新到旧'],
  [
    'The shape is agreed with the platform. A page past the end is empty.',
    '格式与平台约定一致。超出末页则为空页。',
  ],
  ['From 1; default 1', '从 1 起，默认 1'],
  ['From 1 to 200; default 10', '1 至 200，默认 10'],
  [
    'SUCCESS or FAILED, in any case; any other text finds nothing',
    'SUCCESS 或 FAILED，不区分大小写；其他文本查不到任何内容',
  ],
  ['Are we safe? Per database, and in total', '是否安全？按库列出，并给出合计'],
  ['Runs, the newest start first', '运行列表，按开始时间从新到旧'],
  ['At least so far proven', '验证程度至少达到'],
  [
    'Started then or later; a day alone is its midnight in UTC',
    '在此时或之后开始；只写日期则为该日 UTC 零点',
  ],
  ['Started before then', '在此之前开始'],
  ['`nextCursor` of the page before', '上一页的 `nextCursor`'],
  ['From 1 to 200; default 50', '1 至 200，默认 50'],
  ['Everything about one run', '单次运行的全部内容'],
  ['Where targets have runs of the same name', '用于区分不同目标中同名的运行'],
  ['Drills, the newest first', '演练列表，从新到旧'],
  ['Server-sent events', '服务器推送事件'],
  [
    'The event `changed` comes at once, and then whenever runs, drills or marks have changed: ask the other routes again. `progress` comes at most once a second while a run is under way: `run`, `database`, `startedAt`, and the fields of `running.progress` of the summary. Comments in between show that the connection is alive.',
    '连接后立即发送 `changed`，此后在运行、演练或标记变化时发送，收到后请重新查询其他接口。有运行正在进行时发送 `progress`，最多每秒一次：`run`、`database`、`startedAt`，以及 summary 中 `running.progress` 的各字段。其间的注释行表明连接仍然有效。',
  ],
  ['Metrics for Prometheus', 'Prometheus 指标'],
]);
