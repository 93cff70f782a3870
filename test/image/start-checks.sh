# shellcheck shell=bash
# More checks of single containers: what is in the image, how fast it starts, what it says where it may not write.
# Sourced by ./run after checks.sh, which calls them.
: "${here:?}" "${work:?}" "${image:?}" "${id:?}" "${label:?}"

# What the build takes away must be missed by nobody.
is_complete() {
  inside bash "$image-drill" -euc 'for file in /usr/bin/* /usr/sbin/* /usr/local/bin/* /usr/lib/postgresql/*/{bin,lib}/*; do
      if ldd "$file" 2>/dev/null | grep "not found"; then echo "$file"; exit 1; fi
    done'
  inside node "$image" --no-strip-types --input-type=module - <<<"import { globSync } from 'node:fs';
    const files = globSync('/app/dist/**/*.js', { exclude: ['/app/dist/main.js', '/app/dist/server/assets/**'] });
    for (const file of files) await import(file);
    console.log(files.length); process.exit(files.length > 100 ? 0 : 1)"
}

# The list against what lies in the image: CycloneDX, made by the build.
lists_its_parts() {
  inside cat "$image" /app/sbom.cdx.json >"$work/sbom.json"
  inside cat "$image-drill" /app/sbom.cdx.json >"$work/sbom-drill.json"
  inside node --volume "$work:/work:ro" "$image" --input-type=module-typescript - <"$here/check-sbom.ts"
}

# From the start of the container, by the engine's clock, to the line that says that the preflight is done, after which pg_dump is started. A busy
# machine gets as much more time as it is busy, but never more than the bound.
starts_quickly() {
  local attempt log started ready milliseconds allowed bound=3000
  for attempt in 1 2 3 4 5; do
    start_backup "quick-$attempt" 10001:10001 --env PGPASSWORD="$password"
    docker wait "$id-backup-quick-$attempt" >/dev/null
    log=$(docker logs "$id-backup-quick-$attempt" 2>&1)
    started=$(docker inspect --format '{{.State.StartedAt}}' "$id-backup-quick-$attempt")
    ready=$(grep '"stage":"preflight"' <<<"$log" | sed -E 's/.*"time":"([^"]+)".*/\1/')
    milliseconds=$(($(date -d "$ready" +%s%3N) - $(date -d "$started" +%s%3N)))
    allowed=$(allowed_milliseconds "$bound" "$(nproc)" </proc/loadavg)
    echo "$milliseconds ms until the preflight is done; allowed at this load: $allowed ms" | tee -a "$work/measured"
    if [ "$milliseconds" -lt "$allowed" ]; then return; fi
  done
  return 1
}

# allowed_milliseconds BOUND CORES <LOAD: a second on an idle machine.
allowed_milliseconds() {
  awk -v bound="$1" -v cores="$2" '{ allowed = 1000 * (1 + $1 / cores); printf "%d", allowed < bound ? allowed : bound }'
}

# Nobody can install anything in it.
says_how_to_build() {
  local said
  # It ends with an error, because rclone is not there.
  look() {
    docker run --rm --network "$id" --label "$label" "${readonly_root[@]}" --env PG_HOST=db --env PG_DATABASE=shop --env PG_USER=postgres \
      --env PGPASSWORD="$password" --env RCLONE_REMOTE=remote --env RCLONE_PATH=bucket --env BACKUP_UPLOAD_TOOL=rclone "$@" doctor || [ $? = 25 ]
  }
  said=$(look "$image")
  echo "$said"
  grep --fixed-strings 'Install it: docker build --build-arg RCLONE_VERSION=' <<<"$said"
  grep --fixed-strings 'docker build --target drill' <<<"$said"
  lacks grep 'apt-get\|https:' <<<"$said"
  look --env PG_BIN_DIR=/nowhere --env BACKUP_LANG=zh "$image" | grep '/usr/lib/postgresql.*PG_BIN_DIR'
  look "$image-drill" | grep --fixed-strings 'drills: a throw-away server'
}

# The volume is root's, as that of a bind mount which Docker made.
says_chown() {
  local remedy
  docker volume create --label "$label" "$id-closed" >/dev/null
  run_closed() {
    docker run --rm --network "$id" --user 12345:12345 --label "$label" "${readonly_root[@]}" --volume "$id-closed:/data/db-backups:nocopy" \
      --env PG_HOST=db --env PG_DATABASE=shop --env PG_USER=postgres --env PGPASSWORD="$password" --env BACKUP_MODE=local \
      --env BACKUP_LOG_FORMAT=pretty "$image" backup 2>&1
  }
  run_closed >"$work/closed.log" && return 1
  cat "$work/closed.log"
  [ "$(grep -c chown "$work/closed.log")" = 1 ]
  remedy=$(grep -o 'chown [^.;)]*' "$work/closed.log")
  echo "helps: $remedy"
  [ "$remedy" = 'chown -R 12345:12345 /data/db-backups' ]
  inside sh --volume "$id-closed:/data/db-backups" "$image" -euc "$remedy"
  run_closed
}
