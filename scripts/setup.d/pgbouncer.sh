# A connection pooler, unpacked into .parts/pgbouncer with the libraries it needs: installing its package would start a service.

pgbouncer_is_there() { [[ -x .parts/pgbouncer/bin/pgbouncer ]]; }

install_pgbouncer() {
  local partial=.parts/pgbouncer.partial deb
  rm -rf "$partial"
  mkdir -p "$partial"/{debs,root,lib,bin}
  (cd "$partial/debs" && apt-get -o APT::Sandbox::User=root download pgbouncer libc-ares2 libevent-2.1-7)
  for deb in "$partial"/debs/*.deb; do dpkg-deb --extract "$deb" "$partial/root"; done

  find "$partial/root" -path '*-linux-gnu/*.so*' -exec cp --no-dereference {} "$partial/lib/" \;
  mv "$partial/root/usr/sbin/pgbouncer" "$partial/program"
  cat >"$partial/bin/pgbouncer" <<'SCRIPT'
#!/usr/bin/env bash
pooler=$(dirname "$(dirname "$(readlink -f "$0")")")
LD_LIBRARY_PATH=$pooler/lib exec "$pooler/program" "$@"
SCRIPT
  chmod +x "$partial/bin/pgbouncer"
  rm -rf "$partial"/{debs,root}

  "$partial/bin/pgbouncer" --version
  rm -rf .parts/pgbouncer
  mv "$partial" .parts/pgbouncer
}
