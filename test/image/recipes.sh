# shellcheck shell=bash
# docs/docker-run.md, block by block, as any uid and with all that its last section takes away.
# Sourced by ./run after checks.sh.
: "${here:?}" "${repository:?}" "${work:?}" "${image:?}" "${id:?}" "${label:?}"

recipe_checks_run() { check 'docker run: every recipe, for the volume and for OSS, as any uid on a read-only root' follows_recipes; }

follows_recipes() {
  local root=$work/recipes page=$repository/docs/docker-run.md port gateway server number count status=0
  mkdir -p "$root"/{base,logs,keys}
  sql postgres --command 'create database community template shop'
  printf LTAI5tRecipes >"$root/keys/oss_access_key_id"
  printf recipes/secret+key= >"$root/keys/oss_access_key_secret"
  (cd "$repository" && exec node --import tsx test/image/oss-stand-in.ts "$root/bucket" "$root/keys") >"$root/port" &
  server=$!
  wait_until 20 grep . "$root/port"
  port=$(cat "$root/port")
  gateway=$(docker network inspect --format '{{(index .IPAM.Config 0).Gateway}}' "$id")
  printf '%s\n' PG_HOST=db PG_DATABASE=community PG_USER=postgres "PGPASSWORD=\"$(sed 's/[\\$"`]/\\&/g' <<<"$password")\"" >"$root/common.env"
  { cat "$root/common.env"; echo BACKUP_MODE=local; } >"$root/local.env"
  {
    cat "$root/common.env"
    printf '%s\n' BACKUP_MODE=both OSS_BUCKET=backups "OSS_ENDPOINT=http://$gateway:$port" OSS_REGION=cn-hangzhou \
      OSS_ACCESS_KEY_ID=LTAI5tRecipes OSS_ACCESS_KEY_SECRET=recipes/secret+key=
  } >"$root/oss.env"
  chmod 0600 "$root"/*.env
  chown -R 12345:12345 "$root"/{base,logs,local.env,oss.env}
  cat >"$root/names" <<END
image=$image drill_image=$image-drill network=$id user=12345:12345
base=$root/base logs=$root/logs env_file=$root/local.env oss_env_file=$root/oss.env
docker() { shift; command docker run --label $label ${readonly_root[*]} "\$@"; }
END
  count=$(grep --count '^```sh$' "$page")
  for ((number = 2; number <= count; number++)); do
    { readme_blocks "$page" 1; cat "$root/names"; readme_blocks "$page" "$number"; } >"$root/script"
    bash -euo pipefail "$root/script" || { status=1; break; }
  done
  kill "$server"
  [ "$status" = 0 ]
  [ "$count" -gt 10 ]
  local database checksum="select count(*), sum(hashtextextended(o::text, 0)) from sales.orders o"
  for database in community_restored community_from_oss; do
    [ "$(sql "$database" --command "$checksum")" = "$(sql community --command "$checksum")" ]
  done
}
