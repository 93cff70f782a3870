import type { Check } from '../check.ts';
import { fillIn, type Text } from '../language.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Session } from './session.ts';

/** What may cancel a dump on a standby server, and whether its replay may be paused; nothing where the server is none. */
export async function checkStandby(
  session: Session,
  options: { readonly isStandby: boolean; readonly pausesReplay: boolean; readonly user: string },
): Promise<Check[]> {
  if (!options.isStandby) return [];
  const [row] = await session.query(`
    SELECT current_setting('hot_standby_feedback') AS feedback,
           current_setting('max_standby_streaming_delay') AS streaming,
           current_setting('max_standby_archive_delay') AS archive,
           has_function_privilege('pg_catalog.pg_wal_replay_pause()', 'EXECUTE')
             AND has_function_privilege('pg_catalog.pg_wal_replay_resume()', 'EXECUTE') AS may_pause`);
  const [feedback, streaming, archive] = ['feedback', 'streaming', 'archive'].map((name) =>
    String(row?.[name]),
  );
  const parameters = { feedback: feedback ?? '', streaming: streaming ?? '', archive: archive ?? '' };
  if (options.pausesReplay) {
    if (row?.['may_pause'] === true) return [{ id: 'standby', state: 'good', text: PAUSES }];
    const role = quoteIdentifier(options.user);
    return [
      {
        id: 'standby',
        state: 'bad',
        text: fillIn(MAY_NOT_PAUSE, { user: options.user }),
        remedy: `GRANT EXECUTE ON FUNCTION pg_catalog.pg_wal_replay_pause(), pg_catalog.pg_wal_replay_resume() TO ${role};`,
      },
    ];
  }
  if (feedback === 'on' || (streaming === '-1' && archive === '-1')) {
    return [{ id: 'standby', state: 'good', text: fillIn(STANDBY, parameters) }];
  }
  return [{ id: 'standby', state: 'warning', text: fillIn(CONFLICTS, parameters), remedy: PAUSE }];
}

const STANDBY: Text = {
  en: 'a standby server that lets a long dump finish (hot_standby_feedback = {feedback}, max_standby_streaming_delay = {streaming}, max_standby_archive_delay = {archive})',
  zh: '备库，长时间转储可以完成（hot_standby_feedback = {feedback}，max_standby_streaming_delay = {streaming}，max_standby_archive_delay = {archive}）',
};
const CONFLICTS: Text = {
  en: 'a standby server: it cancels a dump that stands in the way of its replay (hot_standby_feedback = {feedback}, max_standby_streaming_delay = {streaming}, max_standby_archive_delay = {archive})',
  zh: '备库：转储妨碍 WAL 回放时会被取消（hot_standby_feedback = {feedback}，max_standby_streaming_delay = {streaming}，max_standby_archive_delay = {archive}）',
};
const PAUSE: Text = {
  en: 'set BACKUP_PAUSE_REPLAY=true; or on the standby server, as a superuser: ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();',
  zh: '设置 BACKUP_PAUSE_REPLAY=true；或在备库上以超级用户执行：ALTER SYSTEM SET hot_standby_feedback = on; SELECT pg_reload_conf();',
};
const PAUSES: Text = {
  en: 'a standby server, whose replay of WAL may be paused while pg_dump works',
  zh: '备库，pg_dump 运行期间可暂停 WAL 回放',
};
const MAY_NOT_PAUSE: Text = {
  en: 'BACKUP_PAUSE_REPLAY=true, but the user "{user}" may not pause the replay of WAL. A superuser can allow it, in this database on the primary server',
  zh: '已设 BACKUP_PAUSE_REPLAY=true，但用户 "{user}" 无权暂停 WAL 回放。超级用户可在主库的该数据库中授权',
};
