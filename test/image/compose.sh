# shellcheck shell=bash
# compose/ as its README says it, block by block, in a copy of that folder.
# Sourced by ./run after checks.sh.
: "${here:?}" "${repository:?}" "${work:?}" "${image:?}" "${id:?}" "${label:?}"

compose_checks_run() {
  local checkout=$work/checkout
  mkdir "$checkout"
  cp -r "$repository/compose" "$checkout/"
  rm -rf "$checkout/compose/secrets" "$checkout/compose/.env"
  export COMPOSE_PROJECT_NAME=$id PG_BACKUP_IMAGE=$image PG_BACKUP_DRILL_IMAGE=$image-drill REPORT_ADDRESS=127.0.0.1:0
  export BACKUP_SCHEDULE='0 2 1 1 *' COMPOSE_MENU=false
  cd "$checkout"

  check 'compose: both READMEs give the same commands' blocks_are_the_same
  check 'compose: the overlays go together, in any order' overlays_go_together
  check 'compose: the first start builds one image, and the platform waits for no backup' starts_first
  check 'compose: one command brings it up, each part sees no more than it needs' comes_up
  check 'compose: the scheduler backs the database up' scheduler_backs_up
  check 'compose: by hand: backup, list, doctor' run_blocks 3
  check 'compose: the page shows it in a browser, not yet restored' page_says 'no drill has restored a backup yet'
  check 'compose: a row is destroyed, and restored by docker run' restores_a_row
  check 'compose: a drill in the drill image proves it' drills
  check 'compose: the page shows that, too' page_says $'Restored by a drill\n1 / 1'
  check 'compose: after a backup at its time the acceptance list is ticked' is_accepted
  check 'compose: the sidecar is killed in the middle of a dump, and repairs' repairs_after_kill
  check 'compose: SIGTERM in the middle of a dump: a report within the grace period' stops_in_time
  check 'compose: Postgres is cut off the network in the middle of a dump, and comes back' bears_a_cut
  check 'compose: a new password and a new token' changes_secrets
  check 'compose: OSS' sends_to_oss
  check 'compose: the platform sees reports and nothing else' shows_the_platform
  check 'compose: a database elsewhere' backs_up_elsewhere
  check 'compose: down' goes_down
  cd "$repository"
}

compose() { docker compose -f compose/compose.yaml "$@" </dev/null; }

in_sidecar() { compose exec -T backup "$@"; }

app_sql() { docker exec --interactive "$id-postgres-1" psql --username postgres --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$@"; }

# The block with this number, or all of them.
readme_blocks() { awk -v wanted="${2-}" '/^```sh$/ { number++; inside = 1; next } /^```$/ { inside = 0 } inside && (!wanted || number == wanted)' "$1"; }

# Runs the blocks with these numbers, with our names in place of the documented ones.
run_blocks() {
  local number block
  for number; do
    block=$(readme_blocks compose/README.md "$number" |
      sed -e "s|pg-backup_|${id}_|g" -e "s|^  pg-backup restore|  --label $label $image restore|")
    echo "$block"
    [ -n "$block" ]
    bash -euc "$block" </dev/null
  done
}

blocks_are_the_same() { diff <(readme_blocks compose/README.md) <(readme_blocks compose/README.zh-CN.md); }

# Every choice of the overlays, forwards and backwards, as compose reads it.
overlays_go_together() {
  export PG_HOST=elsewhere PG_DATABASE=shop PG_USER=postgres PLATFORM_IMAGE=platform OSS_BUCKET=backups OSS_ENDPOINT=oss.example.com OSS_PREFIX=shop
  local choice overlay forwards backwards
  for choice in {,drill}\ {,oss}\ {,external-database}\ {,platform}; do
    forwards=() backwards=()
    for overlay in $choice; do
      forwards=("${forwards[@]}" -f "compose/$overlay.yaml")
      backwards=(-f "compose/$overlay.yaml" "${backwards[@]}")
    done
    compose "${forwards[@]}" config >"$work/forwards"
    compose "${backwards[@]}" config | diff "$work/forwards" -
  done
}

# Nothing of ours is built yet, by these names, and no volume is there. What is added is what ./run builds with, and its checkout.
starts_first() {
  run_blocks 1
  make_platform
  cat >"$work/build.yaml" <<END
services:
  backup:
    build:
      context: $repository
      network: host
      secrets: [ca]
      args: { PG_SOURCE: "${PG_SOURCE:-debian}", PG_MAJORS: "${PG_MAJORS:-17 18}", PG_ACCEPT_MINORS: "${PG_ACCEPT_MINORS-18.6}" }
secrets:
  ca: { file: $work/ca.pem }
END
  export PG_BACKUP_IMAGE=$image-first PG_BACKUP_DRILL_IMAGE=$image-first-drill BACKUP_ON_START=false
  local with=(-f compose/platform.yaml -f "$work/build.yaml")
  compose "${with[@]}" up -d
  runs_image "$image-first"
  docker exec "$id-platform-1" ls /data/db-backups | diff - <(echo reports)
  docker exec "$id-platform-1" ls -A /data/db-backups/reports | lacks grep .
  compose "${with[@]}" down --volumes
  with=(-f compose/drill.yaml -f "$work/build.yaml")
  compose "${with[@]}" create
  runs_image "$image-first-drill"
  compose "${with[@]}" down --volumes
}

runs_image() {
  local service
  for service in backup reports; do
    [ "$(docker inspect --format '{{.Image}}' "$id-$service-1")" = "$(docker image inspect --format '{{.Id}}' "$1")" ]
  done
}

comes_up() {
  run_blocks 2
  docker inspect --format '{{range .Mounts}}{{.Destination}} {{.RW}}{{println}}{{end}}' "$id-reports-1" | grep -x '/data/db-backups false'
  docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' "$id-reports-1" | grep . | diff - <(echo "${id}_reports")
  lacks compose exec -T reports node -e "require('net').connect(5432, 'postgres').on('error', () => process.exit(1)).on('connect', () => process.exit(0))"
  [ "$(docker network inspect --format '{{.Internal}}' "${id}_database")" = true ]
  local service
  for service in backup reports; do
    docker inspect --format '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Memory | lt 0}}' "$id-$service-1" |
      grep -xF 'true [ALL] [no-new-privileges:true] true'
  done
}

scheduler_backs_up() {
  app_sql app --file - <"$here/shop.sql" >/dev/null
  with_a_backup compose restart backup
  docker logs "$id-backup-1" 2>&1 | grep JOB_DONE
}

# Runs the command, which starts the sidecar, and waits until its first backup is made; a later one by hand would find it busy.
with_a_backup() {
  local before
  before=$(reports_with SUCCESS)
  "$@"
  wait_until 60 reports_are SUCCESS $((before + 1))
  wait_until 30 job_is_over "$id-backup-1"
}

# How many reports have this status.
reports_with() { compose exec -T reports sh -c "cat /data/db-backups/reports/*.json | grep -c '\"status\": \"$1\"' || true"; }
reports_are() { [ "$(reports_with "$1")" -ge "$2" ]; }

page_says() {
  local address
  address=$(compose port reports 8080)
  (cd "$repository" && node --import tsx test/image/see-page.ts "http://$address" "$work/checkout/compose/secrets/report_token" "$1")
}

restores_a_row() {
  local checksum="select count(*), sum(hashtextextended(o::text, 0)) from sales.orders o" original
  original=$(app_sql app --command "$checksum")
  app_sql app --command 'delete from sales.orders where id = 777'
  run_blocks 4 5
  app_sql app_from_volume --command 'copy (select * from sales.orders where id = 777) to stdout' |
    app_sql app --command 'copy sales.orders from stdin'
  local database
  for database in app app_restored app_from_volume; do [ "$(app_sql "$database" --command "$checksum")" = "$original" ]; done
}

# The time that the acceptance waits for is half a minute away, or up to a minute more.
drills() {
  BACKUP_SCHEDULE="$(date --utc --date '+90 seconds' '+%-M %-H') * * *"
  run_blocks 6
  in_sidecar pg-backup list --json | grep '"restored"'
  in_sidecar sh -c 'ls -A /var/tmp' | lacks grep .
}

is_accepted() {
  wait_until 120 schedule_is_kept
  run_blocks 7 | tee "$work/accepted"
  lacks grep --fixed-strings '[ ]' "$work/accepted"
  grep --fixed-strings '[x] The schedule works' "$work/accepted"
  grep --fixed-strings '[x]' "$work/accepted" | grep --fixed-strings 'http://reports:8080'
}

# A backup at the start, and one at its time.
schedule_is_kept() { [ "$(docker logs "$id-backup-1" 2>&1 | grep -c JOB_DONE)" -ge 2 ]; }

# The sidecar is started anew, and the pg_dump of its first backup waits for a lock until let_go.
begin_a_dump() {
  app_sql app --command 'begin; lock table sales.orders; select pg_sleep(600)' >/dev/null 2>&1 &
  trap let_go EXIT
  wait_until 10 app_table_is_locked
  compose restart backup
  wait_until 30 app_dump_waits
}

let_go() {
  app_sql postgres --command "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()" >/dev/null
}

app_table_is_locked() {
  app_sql app --command "select mode from pg_locks where relation = 'sales.orders'::regclass" | grep AccessExclusiveLock
}

app_dump_waits() {
  app_sql postgres --command "select query from pg_stat_activity where wait_event_type = 'Lock'" | grep '^LOCK TABLE'
}

repairs_after_kill() {
  local failures
  failures=$(reports_with FAILED)
  begin_a_dump
  docker kill --signal KILL "$id-backup-1"
  let_go
  with_a_backup compose start backup
  reports_are FAILED $((failures + 1))
  nothing_is_partial
}

nothing_is_partial() { in_sidecar ls -A /data/db-backups/data /data/db-backups/running | lacks grep partial; }

stops_in_time() {
  local failures before
  failures=$(reports_with FAILED)
  begin_a_dump
  before=$SECONDS
  compose stop backup
  echo "stopped in $((SECONDS - before)) s"
  [ $((SECONDS - before)) -lt 40 ]
  [ "$(docker inspect --format '{{.State.ExitCode}}' "$id-backup-1")" = 143 ]
  reports_are FAILED $((failures + 1))
  let_go
  with_a_backup compose start backup
}

# The scheduler tries again by itself, a minute after the failure.
bears_a_cut() {
  local failures successes started
  failures=$(reports_with FAILED)
  successes=$(reports_with SUCCESS)
  begin_a_dump
  started=$(docker inspect --format '{{.State.StartedAt}}' "$id-backup-1")
  docker network disconnect "${id}_database" "$id-postgres-1"
  wait_until 120 reports_are FAILED $((failures + 1))
  docker network connect --alias postgres "${id}_database" "$id-postgres-1"
  let_go
  wait_until 120 reports_are SUCCESS $((successes + 1))
  nothing_is_partial
  [ "$started" = "$(docker inspect --format '{{.State.StartedAt}}' "$id-backup-1")" ]
}

# Over the network PostgreSQL asks for the password; the container stays, and reads the new one.
changes_secrets() {
  local old started refused=0
  old=$(cat compose/secrets/report_token)
  started=$(docker inspect --format '{{.State.StartedAt}}' "$id-backup-1")
  run_blocks 11
  [ "$started" = "$(docker inspect --format '{{.State.StartedAt}}' "$id-backup-1")" ]
  in_sidecar pg-backup backup
  in_sidecar env PGPASSWORD_FILE= PGPASSWORD=old pg-backup backup || refused=$?
  [ "$refused" = 5 ]
  run_blocks 12
  [ "$(page_status "$old")" = 401 ]
  [ "$(page_status "$(cat compose/secrets/report_token)")" = 200 ]
}

page_status() {
  compose exec -T reports node -e "
    fetch('http://127.0.0.1:8080/', { headers: { authorization: 'Bearer $1' } }).then((r) => console.log(r.status))"
}

sends_to_oss() {
  printf LTAI5tImage >compose/secrets/oss_access_key_id
  printf image/secret+key= >compose/secrets/oss_access_key_secret
  local gateway port status=0
  gateway=$(docker network inspect --format '{{(index .IPAM.Config 0).Gateway}}' "${id}_outside")
  (cd "$repository" && exec node --import tsx test/image/oss-stand-in.ts "$work/bucket" "$work/checkout/compose/secrets") >"$work/oss-port" &
  local server=$!
  wait_until 20 grep . "$work/oss-port"
  port=$(cat "$work/oss-port")
  export OSS_BUCKET=backups OSS_ENDPOINT=http://$gateway:$port OSS_REGION=cn-hangzhou OSS_PREFIX=postgres/backups/shop-1
  { with_a_backup run_blocks 8 && in_sidecar pg-backup verify --remote; } | tee "$work/verified" || status=$?
  grep 'remote: size' "$work/verified" || status=$?
  kill "$server"
  return "$status"
}

make_platform() {
  docker build --quiet --tag "$image-platform" --label "$label" - <<<"FROM $image
HEALTHCHECK --start-interval=1s --start-period=1m CMD true
ENTRYPOINT [\"tini\", \"--\", \"sleep\", \"infinity\"]
CMD []"
  export PLATFORM_IMAGE=$image-platform
}

shows_the_platform() {
  make_platform
  with_a_backup run_blocks 10
  docker exec "$id-platform-1" ls /data/db-backups | diff - <(echo reports)
  docker exec "$id-platform-1" sh -c 'cat /data/db-backups/reports/*.json' | grep SUCCESS
  lacks docker exec --user 0 "$id-platform-1" sh -c 'touch /data/db-backups/reports/mine'
  docker exec --user 0 "$id-platform-1" node -e "
    const headers = { authorization: 'Bearer ' + require('fs').readFileSync('/run/secrets/report_token', 'utf8').trim() };
    fetch('http://reports:8080/api/admin/backup/latest', { headers }).then((r) => r.json()).then(console.log)" | grep 'code: 200'
  docker rm --force "$id-platform-1"
}

# The server of the other checks.
backs_up_elsewhere() {
  docker network connect --alias elsewhere "${id}_outside" "$id-postgres"
  chmod 0600 compose/secrets/db_password
  printf '%s' "$password" >compose/secrets/db_password
  chmod 0444 compose/secrets/db_password
  export PG_HOST=elsewhere PG_DATABASE=shop PG_USER=postgres
  run_blocks 9
  in_sidecar pg-backup list | grep shop
  docker network disconnect "${id}_outside" "$id-postgres"
}

goes_down() {
  run_blocks 13
  docker ps --all --quiet --filter "label=com.docker.compose.project=$id" | lacks grep .
  docker volume ls --quiet | grep "${id}_backups"
}
