# Clients newer than this Debian's. They and their libraries are unpacked into .parts/postgresql/<major>, without root.

postgresql_client_17_is_there() { [[ -x .parts/postgresql/17/bin/pg_dump ]]; }
postgresql_client_18_is_there() { [[ -x .parts/postgresql/18/bin/pg_dump ]]; }

install_postgresql_client_17() { install_newer_client 17 trixie; }
# The same mixture as in the image: 18 comes from forky, on trixie's libraries.
install_postgresql_client_18() { install_newer_client 18 forky; }

install_newer_client() {
  local major=$1 suite=$2 target=.parts/postgresql/$1 partial=.parts/postgresql/$1.partial
  local libraries=(
    libc6 libldap2 libsasl2-2 libssl3t64 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libcom-err2 libkrb5support0
    libkeyutils1 liblz4-1 libzstd1 zlib1g libreadline8t64 libtinfo6
  )
  rm -rf "$partial"
  mkdir -p "$partial"/{debs,root,lib,bin}
  download_from_debian "$suite" "$partial/debs" "postgresql-client-$major/$suite" "libpq5/$suite" "${libraries[@]/%//trixie}"
  local deb program
  for deb in "$partial"/debs/*.deb; do dpkg-deb --extract "$deb" "$partial/root"; done

  find "$partial/root" -path '*-linux-gnu/*.so*' ! -path '*/gconv/*' -exec cp --no-dereference {} "$partial/lib/" \;
  mv "$partial/root/usr/lib/postgresql/$major/bin" "$partial/programs"
  for program in "$partial"/programs/*; do
    start_with_own_libraries "$(basename "$program")" >"$partial/bin/$(basename "$program")"
  done
  chmod +x "$partial"/bin/*
  rm -rf "$partial"/{debs,root}

  # pg_dumpall looks for a pg_dump of its own version beside itself.
  "$partial/bin/pg_dumpall" --version
  "$partial/bin/psql" --version
  rm -rf "$target"
  mv "$partial" "$target"
}

# A program of another Debian release needs that release's loader. --argv0 lets it find its siblings here, not there.
start_with_own_libraries() {
  cat <<EOF
#!/usr/bin/env bash
client=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
exec "\$client"/lib/ld-linux-*.so.* --argv0 "\$client/bin/$1" --library-path "\$client/lib" "\$client/programs/$1" "\$@"
EOF
}

# download_from_debian SUITE DIRECTORY PACKAGE/SUITE…: from trixie and one more suite, with package lists of our own, so
# that the system's stay as they are.
download_from_debian() {
  local suite=$1 directory=$2 state=$PWD/.parts/apt mirror
  shift 2
  # A machine has one or the other of them, so a missing one is no fault.
  mirror=$( (grep -rhsoE '^[^#]*https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d || true) |
    sed -nE '1s#.*(https?://[^ ]+).*#\1#p')
  if [[ -z $mirror ]]; then
    echo 'this machine knows no Debian mirror'
    return 1
  fi
  mkdir -p "$state"/{lists,cache}
  local signed_by=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [$signed_by] $mirror trixie main" >"$state/sources.list"
  if [[ $suite != trixie ]]; then
    # Releases in the making run out after a week, and a mirror may lag. The signatures are checked all the same.
    echo "deb [$signed_by check-valid-until=no] $mirror $suite main" >>"$state/sources.list"
  fi
  local apt=(
    apt-get -o "Dir::State=$state" -o "Dir::Cache=$state/cache" -o Dir::State::status=/dev/null
    -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=-
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o Acquire::http::Timeout=20 -o Acquire::Retries=1
  )
  "${apt[@]}" update
  (cd "$directory" && "${apt[@]}" download "$@")
}
