# shellcheck shell=bash
# What the image must do, against a Postgres container on a network of its own.
# Sourced by ./run, which sets $here, $work, $image, and for all we create a name, $id, and a $label.
: "${here:?}" "${repository:?}" "${work:?}" "${image:?}" "${id:?}" "${label:?}"

canary='canary: no layer of the image may hold this line'
password="p:s\\'\$ $(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')"
readonly_root=(--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges)

checks_run() {
  docker network create --label "$label" "$id" >/dev/null
  start_postgres || { docker logs "$id-postgres" >&2; die 'the Postgres container does not start'; }

  check 'it shows its commands' shows_help
  check 'it has node, clients, ossutil, setpriv, flock and gpg, but no npm, perl and apt' has_its_parts
  check 'one CPU is one core to it' counts_its_cores
  check 'all of the program loads in it, and nothing lacks a library' is_complete
  check 'no layer and no setting of the image holds a secret' holds_no_secret
  check 'its list of parts names every package and Go module, and nothing that is gone' lists_its_parts

  check 'backup: exit 0, files and report' backs_up default 10001:10001
  check 'backup as any uid, read-only root, no capabilities, password from a file' backs_up hardened 12345:12345
  check 'the preflight is done, and pg_dump next, within a second on an idle machine, and 3 s on any' starts_quickly
  check 'a volume that may not be written: one message, with the chown that helps' says_chown
  check 'what is missing comes with another build of the image, not with apt' says_how_to_build
  check 'backup encrypted by gpg for a key, read back as any uid, read-only root' encrypts gpg-key
  check 'backup encrypted by gpg with a passphrase, the same way' encrypts gpg-passphrase
  check 'backup encrypted by age with a passphrase, the same way' encrypts age-passphrase
  check 'the dump restores to the same rows' restores default
  check 'the recipe of the README' follows_readme
  check 'a wrong password: exit 5 and a FAILED report' refuses_wrong_password
  check 'SIGTERM during the dump: exit 143 and a FAILED report' ends_on_sigterm
  check 'without a command it schedules, tells its health, and ends at once when idle' schedules
}

# Removes all that runs with this label have created: `key`, or `key=value` for one run.
remove_labelled() {
  docker ps --all --quiet --filter "label=$1" | xargs --no-run-if-empty docker rm --force --volumes
  docker volume ls --quiet --filter "label=$1" | xargs --no-run-if-empty docker volume rm
  docker network ls --quiet --filter "label=$1" | xargs --no-run-if-empty docker network rm
  docker image ls --quiet --filter "label=$1" | xargs --no-run-if-empty docker image rm --force
} >/dev/null 2>&1

start_postgres() {
  docker volume create --label "$label" "$id-default" >/dev/null
  docker run --detach --label "$label" --name "$id-postgres" --network "$id" --network-alias db \
    --env POSTGRES_PASSWORD="$password" --env POSTGRES_DB=shop --volume "$id-default:/backups:ro" postgres:17 >/dev/null
  # Over TCP, which the server refuses until it has set itself up.
  wait_until 60 docker exec "$id-postgres" pg_isready --quiet --host 127.0.0.1
  sql shop --file - <"$here/shop.sql" >/dev/null
}

sql() { docker exec --interactive "$id-postgres" psql --username postgres --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --dbname "$@"; }

wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { echo "waited in vain for: $*"; return 1; }
    sleep 0.1
  done
}

# For a grep that must find nothing; one that cannot search has not shown that.
lacks() {
  local status=0
  "$@" || status=$?
  [ "$status" = 1 ]
}

# Notes how long a command takes, with all that Docker adds.
takes() {
  local what=$1 begun
  begun=$(date +%s%3N)
  shift
  "$@"
  echo "$(($(date +%s%3N) - begun)) ms for $what" >>"$work/measured"
}

# A program of the image as root, which may look everywhere.
inside() {
  local program=$1
  shift
  docker run --rm --interactive --user 0:0 --label "$label" --entrypoint "$program" "$@"
}

# Starts `pg-backup backup` on two volumes named after the case, owned by the user it runs as (nocopy: an empty volume
# would get the owner of the image's folder). Not removed when it ends.
start_backup() {
  local case=$1 user=$2 volume
  shift 2
  for volume in "$id-$case" "$id-$case-log"; do
    docker volume create --label "$label" "$volume" >/dev/null
    inside chown --volume "$volume:/volume" "$image" "$user" /volume
  done
  docker run --detach --label "$label" --name "$id-backup-$case" --hostname sidecar.example --network "$id" --user "$user" \
    --volume "$id-$case:/data/db-backups:nocopy" --volume "$id-$case-log:/var/log/db-backup:nocopy" \
    --env PG_HOST=db --env PG_DATABASE=shop --env PG_USER=postgres --env BACKUP_MODE=local "$@" \
    "$image" ${command-backup} >/dev/null
}

# Waits for the end of a backup; its output and what it left must fit the expected exit code and report. The last word is
# the encryption, if there is one.
expect() {
  local case=$1 exit_code=$2 status=$3 encryption=${4-} found
  found=$(timeout 60 docker wait "$id-backup-$case")
  docker logs "$id-backup-$case" 2>&1 | tee "$work/backup.log"
  echo "exit code $found, expected $exit_code"
  [ "$found" = "$exit_code" ]
  local volumes=(--volume "$id-$case:/data/db-backups:ro" --volume "$id-$case-log:/var/log/db-backup:ro")
  inside node "${volumes[@]}" "$image" --input-type=module-typescript - "$status" "$encryption" <"$here/check-run.ts"
  lacks grep --fixed-strings "$password" "$work/backup.log"
  lacks inside grep "${volumes[@]}" "$image" --recursive --fixed-strings "$password" /data/db-backups /var/log/db-backup
}

shows_help() {
  takes 'docker run … --help' docker run --rm --label "$label" "${readonly_root[@]}" "$image" --help | grep 'pg-backup backup'
}

has_its_parts() {
  inside sh "$image" -ec 'node --version; ossutil --version; /usr/lib/postgresql/17/bin/pg_dump --version
    setpriv --version; flock --version; gpg --version; gpg-agent --version
    for gone in npm perl apt-get dpkg; do if command -v $gone; then exit 1; fi; done
    for gone in /etc/apt /modules /postgresql-majors /app/build /app/src /app/node_modules/esbuild /app/node_modules/tsx; do if [ -e $gone ]; then exit 1; fi; done'
  docker image inspect --format '{{.Config.User}} {{index .Config.Labels "org.opencontainers.image.licenses"}}' "$image" |
    grep --line-regexp '10001:10001 Apache-2.0'
}

counts_its_cores() {
  inside node --cpuset-cpus 0 "$image" --print 'os.availableParallelism()' | grep --line-regexp 1
  # Of the older cgroups libuv knows one layout alone.
  [ ! -e /sys/fs/cgroup/cgroup.controllers ] ||
    inside node --cpus 1 "$image" --print 'os.availableParallelism()' | grep --line-regexp 1
}

holds_no_secret() {
  docker image inspect --format '{{range .Config.Env}}{{println .}}{{end}}' "$image" |
    lacks grep --ignore-case --extended-regexp 'password|secret|token|key'
  docker save "$image" | lacks grep --text --count --fixed-strings "$canary"
}

backs_up() {
  local case=$1 user=$2
  if [ "$case" = hardened ]; then
    docker volume create --label "$label" "$id-secret" >/dev/null
    inside sh --volume "$id-secret:/secret" "$image" -c "umask 077; cat >/secret/password; chown -R $user /secret" <<<"$password"
    start_backup "$case" "$user" "${readonly_root[@]}" --volume "$id-secret:/secret:ro" --env PGPASSWORD_FILE=/secret/password
  else
    start_backup "$case" "$user" --env PGPASSWORD="$password"
  fi
  expect "$case" 0 SUCCESS
}

encrypts() {
  local case=$1 method=${1%-*} options
  if [ "$case" = gpg-key ]; then
    docker volume create --label "$label" "$id-keys" >/dev/null
    inside sh --volume "$id-keys:/keys" "$image" -ec 'export GNUPGHOME=$(mktemp -d); cd /keys
      gpg --batch --quiet --passphrase "" --quick-generate-key backup@example.com future-default default never
      gpg --batch --armor --output public.asc --export
      gpg --batch --armor --output secret.asc --export-secret-keys
      chmod 0400 secret.asc; chown -R 12345:12345 .'
    options=(--volume "$id-keys:/keys:ro" --env BACKUP_ENCRYPTION_RECIPIENTS=/keys/public.asc
      --env BACKUP_ENCRYPTION_IDENTITY_FILE=/keys/secret.asc)
  else
    options=(--env BACKUP_ENCRYPTION_PASSPHRASE="$password")
  fi
  start_backup "$case" 12345:12345 "${readonly_root[@]}" --env PGPASSWORD="$password" \
    --env BACKUP_ENCRYPTION="$method" "${options[@]}"
  expect "$case" 0 SUCCESS "$method"
  grep 'proven: read' "$work/backup.log"
}

restores() {
  local dump checksum="select count(*), sum(hashtextextended(o::text, 0)) from sales.orders o"
  dump=$(docker exec "$id-postgres" bash -c 'ls /backups/data/*.dump')
  docker exec "$id-postgres" createdb --username postgres restored
  docker exec "$id-postgres" pg_restore --username postgres --exit-on-error --dbname restored "$dump"
  sql shop --command "$checksum" | tee "$work/original"
  sql restored --command "$checksum" | diff "$work/original" -
}

# The README's block for docker run but for the build, with a directory, an env file and a network of ours.
follows_readme() {
  local recipe
  printf '%s\n' PG_HOST=db PG_DATABASE=shop PG_USER=postgres BACKUP_MODE=local "PGPASSWORD=\"$(sed 's/[\\$"`]/\\&/g' <<<"$password")\"" >"$work/my.env"
  recipe=$(readme_blocks "$repository/README.md" 4 |
    sed -e '/^docker build /d' -e "s| /data/db-backups| $work/base|g" -e "s|/etc/db-backup.env|$work/container.env|g" \
      -e "s|--network postgres|--network $id --label $label|" -e "s| pg-backup backup\$| $image backup|")
  echo "$recipe"
  (cd "$work" && bash -euc "$recipe")
  grep '"status": "SUCCESS"' "$work"/base/reports/*.json
}

refuses_wrong_password() {
  start_backup refused 10001:10001 --env PGPASSWORD=wrong
  expect refused 5 FAILED
}

ends_on_sigterm() {
  # pg_dump waits for this lock, in the middle of its work.
  sql shop --command 'begin; lock table sales.orders; select pg_sleep(60)' >/dev/null &
  local holder=$!
  wait_until 10 table_is_locked
  start_backup interrupted 10001:10001 --env PGPASSWORD="$password"
  wait_until 30 dump_waits
  docker kill --signal TERM "$id-backup-interrupted" >/dev/null
  expect interrupted 143 FAILED
  sql postgres --command "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()"
  wait "$holder" || true
}

table_is_locked() {
  sql shop --command "select mode from pg_locks where relation = 'sales.orders'::regclass" | grep AccessExclusiveLock
}

dump_waits() {
  sql postgres --command "select query from pg_stat_activity where wait_event_type = 'Lock'" | grep '^LOCK TABLE'
}

schedules() {
  command='' start_backup scheduled 10001:10001 "${readonly_root[@]}" --env PGPASSWORD="$password" \
    --env BACKUP_ON_START=true --env BACKUP_SCHEDULE='0 2 1 1 *' --env BACKUP_TIMEZONE=Asia/Shanghai
  local container=$id-backup-scheduled health
  health=$(docker inspect --format '{{json .Config.Healthcheck.Test}}' "$container")
  [ "$health" = '["CMD","pg-backup","healthcheck"]' ]
  wait_until 60 docker exec "$container" pg-backup healthcheck
  takes 'docker exec … healthcheck' docker exec "$container" pg-backup healthcheck | grep '^healthy: shop'
  # Nothing is due for months; a job that has just ended is waited for.
  wait_until 30 job_is_over "$container"
  docker stop --time 20 "$container" >/dev/null
  docker logs "$container" 2>&1 | grep '01-01 02:00 +08:00 (Asia/Shanghai)'
  expect scheduled 0 SUCCESS
}

job_is_over() { ! docker top "$1" -eo args | grep 'pg-backup.js backup'; }
