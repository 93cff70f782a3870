# shellcheck shell=bash
# What the build must refuse, and the repository of the PostgreSQL project, for which a stand-in is made where no network is.
# Sourced by ./run after checks.sh.
: "${here:?}" "${repository:?}" "${work:?}" "${image:?}" "${id:?}" "${label:?}"

build_checks_run() {
  check 'build: a build with clients that have known holes fails, unless they are accepted' fails_to_build_old_clients
  check 'build: a client with a known hole is refused' refuses_old_client
  check 'build: a client that is missing is refused' refuses_missing_client
  check 'build: ossutil for arm64' builds_for_arm
  check 'build: an apt mirror takes the place of every address, and stays in no image' takes_apt_mirror
  check 'build: the repository of the PostgreSQL project, by a mirror, if its key signed it' builds_from_pgdg
}

# The Dockerfile itself, all of it as it was built before, but for its clients, which are the first minor of each major here.
fails_to_build_old_clients() {
  local major first='' directory clients=$work/old-clients accepted=()
  for major in ${PG_MAJORS:-17 18}; do
    first=${first:-$major}
    accepted+=("$major.0")
    directory=$clients/out/usr/lib/postgresql/$major/bin
    mkdir -p "$directory" "$clients/out/var/lib/dpkg/status.d"
    printf '#!/bin/sh\necho "pg_dump (PostgreSQL) %s.0"\n' "$major" >"$directory/pg_dump"
    chmod 0755 "$directory/pg_dump"
    for program in pg_dumpall pg_restore psql; do cp "$directory/pg_dump" "$directory/$program"; done
    docker run --rm --entrypoint cat --label "$label" "$image" "/var/lib/dpkg/status.d/postgresql-client-$major" |
      sed "s/^Version: .*/Version: $major.0/" >"$clients/out/var/lib/dpkg/status.d/postgresql-client-$major"
  done
  build_with_clients "$clients" '' && { echo 'old clients were built in'; return 1; }
  cat "$work/old-clients.log"
  grep "PostgreSQL: the client $first\.0 has holes that $first\." "$work/old-clients.log"
  # Nothing else was in its way.
  build_with_clients "$clients" "${accepted[*]}" || { cat "$work/old-clients.log"; return 1; }
}

# build_with_clients DIRECTORY ACCEPTED: otherwise with the arguments of ./run, so that what was built there is taken again.
build_with_clients() {
  docker build --network host --secret "id=ca,src=$work/ca.pem" --label "$label" --progress plain --target sidecar \
    --build-context "clients=$1" --build-arg PG_SOURCE="${PG_SOURCE:-debian}" --build-arg PG_MAJORS="${PG_MAJORS:-17 18}" \
    --build-arg PG_ACCEPT_MINORS="$2" "$repository" >"$work/old-clients.log" 2>&1
}

# The check of the build itself, in the finished image, on a pg_dump that says another version.
check_clients() {
  docker run --rm --interactive --user 0:0 --label "$label" --workdir /app --volume "$repository/build/check-clients.ts:/app/build/check-clients.ts:ro" \
    --volume "$repository/src:/app/src:ro" --entrypoint sh "$image" -euc "$1"' exec node build/check-clients.ts "$@"' sh "${@:2}" 2>&1
}

refuses_old_client() {
  local old='printf "#!/bin/sh\necho \"pg_dump (PostgreSQL) 17.3\"\n" >/usr/lib/postgresql/17/bin/pg_dump;'
  check_clients '' 17
  check_clients "$old" 17 17.3
  refusal 'the client 17.3 has holes that 17.' "$old" 17
}

refuses_missing_client() {
  refusal 'there is no complete client 13' '' '17 13'
  refusal 'there is no complete client 17' 'rm /usr/lib/postgresql/17/bin/psql;' 17
  refusal 'no major is named' '' ''
}

refusal() {
  local text=$1 status=0
  shift
  check_clients "$@" >"$work/refusal" || status=$?
  cat "$work/refusal"
  [ "$status" = 1 ]
  grep --quiet "^PostgreSQL: $text" "$work/refusal"
}

# Built on this machine for the other: 183 is EM_AARCH64 in the header of an ELF file.
builds_for_arm() {
  local container
  docker build --network host --secret "id=ca,src=$work/ca.pem" --label "$label" --platform linux/arm64 --target ossutil --tag "$image-arm" "$repository"
  container=$(docker create --label "$label" --platform linux/arm64 "$image-arm" /out/ossutil)
  docker cp "$container:/out/ossutil" - | tar --extract --to-stdout >"$work/ossutil-arm64"
  [ "$(od -An -tu2 -j18 -N2 "$work/ossutil-arm64" | tr -d ' ')" = 183 ]
}

takes_apt_mirror() {
  docker build --network host --label "$label" --target apt --tag "$image-apt" --build-arg PG_SOURCE=debian --build-arg PG_MAJORS=18 \
    --build-arg APT_MIRROR=http://mirror.example/debian/ "$repository"
  docker run --rm --label "$label" "$image-apt" sh -c 'cat /etc/apt/sources.list.d/*' | grep '^URIs:' | tee "$work/uris"
  diff <(sort --unique "$work/uris") <(printf 'URIs: http://mirror.example/%s\n' debian debian-security)
}

# A repository with Debian's own packages, laid out and named as that of the PostgreSQL project, with a key of its own.
builds_from_pgdg() {
  local root=$work/pgdg port server status=0
  make_pgdg "$root"
  (cd "$root" && exec node "$here/serve-files.ts") >"$work/pgdg-port" &
  server=$!
  wait_until 20 grep . "$work/pgdg-port"
  port=$(cat "$work/pgdg-port")
  {
    build_from_pgdg "http://127.0.0.1:$port" --secret "id=pgdg_key,src=$root/key.asc" && takes_pgdg "http://127.0.0.1:$port"
  } || status=1
  # By another name, because a secret alone makes no step run again.
  build_from_pgdg "http://localhost:$port" && status=1
  kill "$server"
  [ "$status" = 0 ]
  grep 'NO_PUBKEY\|is not signed\|Missing key' "$work/pgdg.log"
}

build_from_pgdg() {
  local mirror=$1
  shift
  docker build --network host --secret "id=ca,src=$work/ca.pem" --label "$label" --progress plain --target clients \
    --build-arg PG_SOURCE=pgdg --build-arg PG_MAJORS=17 --build-arg "PGDG_MIRROR=$mirror" "$@" "$repository" >"$work/pgdg.log" 2>&1
}

takes_pgdg() {
  grep "Get:.* $1 trixie-pgdg/main .* postgresql-client-17" "$work/pgdg.log" && grep "Get:.* $1 trixie-pgdg/main .* libpq5" "$work/pgdg.log" ||
    { cat "$work/pgdg.log"; return 1; }
}

make_pgdg() {
  local root=$1 index=dists/trixie-pgdg/main/binary-$(dpkg --print-architecture) deb
  mkdir -p "$root/pool" "$root/$index"
  docker run --rm --network host --user 0:0 --label "$label" --volume "$root/pool:/pool" --workdir /pool debian:trixie-slim \
    sh -euc 'apt-get update -qq; apt-get download -qq postgresql-client-17 libpq5 2>/dev/null'
  (
    cd "$root"
    for deb in pool/*.deb; do
      # Older than Debian's own, so that only the preference can choose it.
      dpkg-deb --raw-extract "$deb" package
      sed -i 's/^Version: .*/&~pgdg/' package/DEBIAN/control
      dpkg-deb --root-owner-group --build package "$deb" >/dev/null
      rm -r package
      dpkg-deb --field "$deb"
      printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$deb" "$(stat --format %s "$deb")" "$(sha256sum "$deb" | cut -d' ' -f1)"
    done >"$index/Packages"
    cd dists/trixie-pgdg
    printf 'Origin: apt.postgresql.org\nSuite: trixie-pgdg\nCodename: trixie-pgdg\nDate: %s\nComponents: main\nArchitectures: %s\nSHA256:\n %s %s %s\n' \
      "$(date -uR)" "$(dpkg --print-architecture)" "$(sha256sum "$root/$index/Packages" | cut -d' ' -f1)" \
      "$(stat --format %s "$root/$index/Packages")" "${index#dists/trixie-pgdg/}/Packages" >Release
    export GNUPGHOME=$root/gnupg
    mkdir -m 0700 "$GNUPGHOME"
    gpg --batch --quiet --passphrase '' --quick-generate-key pgdg@example.com rsa3072 sign never
    gpg --batch --quiet --clearsign --output InRelease Release
    gpg --batch --armor --export >"$root/key.asc"
    gpgconf --kill all
  )
}
